/*
 * Until when a session is certain: "The rule" of src/SAFETY.md.
 *
 * One client, a follower and the leader. Three requests, one after the other: a read r, and two
 * quorum writes w1 and w2. When w2 is answered, the client takes the session for certain until a
 * timeout after it sent r. The leader must not have ended the session by then.
 *
 * Units: a step of `clock` is an eighth of the session timeout T, so half a tick is two units (T is
 * at least two ticks). All times are ages, in units, and stop at the largest one that matters: so
 * the search covers runs of any length.
 *
 * What is abstracted:
 * - Each process may do nothing for as long as it likes: that is a freeze, and a slow network.
 * - A change of the leader restarts the session, and so only prolongs it: see election.pml.
 * - One chain of requests at a time. Other requests could only prolong the session, and the proof of
 *   a chain does not depend on them.
 * - A new connection leads to another follower. Of what the old one still sends, its reports could
 *   only prolong the session, and the leader refuses its writes.
 * - The leader may end the session at any time after T. (ZooKeeper rounds that up to a tick.)
 * - The client's clock may be one unit wrong, either way, in each T. The leader is never late with
 *   its pings while it takes writes. Three messages at most are under way in each direction.
 *
 * Weakenings: ONE_CHECK, FROM_RECEIPT, NO_PAUSE, DRIFT=2, RESUMES_ON_READ, LATE_PINGS
 */
#define HALF_TICK 2
#define T (4 * HALF_TICK)
#define MARGIN 1                    /* taken off T, as the client's clock may drift */

#ifndef DRIFT
#define DRIFT 1
#endif

/* For so long an operation must have been answered when w1 is sent: so that there was a ping in
 * between also if the clock showed a unit too much. */
#ifdef NO_PAUSE
#define PAUSE 0
#else
#define PAUSE (HALF_TICK + 1 + MARGIN)
#endif

#ifdef LATE_PINGS
#define LONGEST_WITHOUT_PING (T - 1)
#else
#define LONGEST_WITHOUT_PING HALF_TICK
#endif

mtype = { ping, report, read, write, hello, done };

chan to_leader = [3] of { mtype };    /* report: the follower has heard of the session */
chan to_follower = [3] of { mtype };  /* done: the leader has committed the write, or the hello */
bool linked = true;                   /* the connection between the two */
chan request = [1] of { mtype };
chan answer = [1] of { mtype };

/* The client. What it knows of `read`: */
mtype = { nothing, reading, has_read, first_write, written, second_write, greeting, certain };
mtype step = nothing;
byte sent = 0;      /* since r was sent, or the hello */
byte answered = 0;  /* since r was answered */

/* The leader. */
bool expired = false;
byte touched = 0;  /* since it has heard of the session */
byte pinged = 0;   /* since it has sent a ping */

/* The follower: it has heard of the session since its last report. */
bool noted = false;

#define valid (step == certain && sent < T - MARGIN)

inline prove() {
  step = certain;
  assert(!(valid && expired));
}

inline start_again() {
  step = nothing;
  sent = 0;
  answered = 0;
}

active proctype client() {
  do
  :: atomic { step == nothing && empty(request) && empty(answer) ->
       if
       :: request!read; step = reading
       :: request!hello; step = greeting  /* it begins a connection, or resumes the session on one */
       fi;
       sent = 0 }
  :: atomic { step == reading && nempty(answer) ->
       answer?_;
       answered = 0;
       step = has_read;
#ifdef FROM_RECEIPT
       sent = 0;
#endif
#ifdef RESUMES_ON_READ
       prove();
#endif
     }
  :: atomic { step == greeting && nempty(answer) -> answer?_; prove() }
  :: atomic { step == has_read && answered >= PAUSE ->
       answered = 0; request!write; step = first_write }
  :: atomic { step == first_write && nempty(answer) ->
       answer?_;
#ifdef ONE_CHECK
       prove();
#else
       step = written;
#endif
     }
  :: atomic { step == written -> request!write; step = second_write }
  :: atomic { step == second_write && nempty(answer) -> answer?_; prove() }
  :: atomic { step != nothing && sent >= T - MARGIN && empty(request) && empty(answer) &&
              (step == has_read || step == written || step == certain) -> start_again() }
  od
}

/* It answers reads alone, and writes when it sees their commit. */
active proctype follower() {
  do
  :: atomic { request?[read] -> request?_; noted = true; answer!done }
  :: atomic { request?[write] && linked && nfull(to_leader) ->
       request?_; noted = true; to_leader!write }
  :: atomic { request?[hello] && linked && nfull(to_leader) -> request?_; to_leader!hello }
  :: atomic { to_follower?[ping] && nfull(to_leader) ->
       to_follower?_;
       if
       :: noted -> to_leader!report; noted = false
       :: else
       fi }
  :: atomic { to_follower?[done] -> to_follower?_; answer!done }
  od
}

active proctype leader() {
  do
  :: atomic { linked && pinged >= HALF_TICK && nfull(to_follower) -> to_follower!ping; pinged = 0 }
  :: atomic { to_leader?[report] ->
       to_leader?_;
       if
       :: !expired -> touched = 0
       :: else
       fi }
  :: atomic { to_leader?[write] && pinged <= LONGEST_WITHOUT_PING && nfull(to_follower) ->
       to_leader?_;
       if
       :: !expired -> to_follower!done
       :: else
       fi }
  :: atomic { to_leader?[hello] && nfull(to_follower) ->
       to_leader?_;
       if
       :: !expired -> touched = 0; to_follower!done
       :: else
       fi }
  :: atomic { touched >= T && !expired -> expired = true; assert(!valid) }
  od
}

inline empty_channel(channel) {
  do
  :: len(channel) > 0 -> channel?_
  :: len(channel) == 0 -> break
  od
}

/* What breaks. A follower that was cut off goes on answering until it notices; then it hangs up. */
active proctype network() {
  do
  :: atomic { linked -> linked = false; empty_channel(to_leader); empty_channel(to_follower) }
  :: atomic { step != nothing || !linked ->
       empty_channel(request);
       empty_channel(answer);
       empty_channel(to_leader);
       empty_channel(to_follower);
       linked = true;
       noted = false;
       pinged = 0;
       if
       :: step != certain -> start_again()  /* what is proved stays proved */
       :: else
       fi }
  od
}

byte rest = 0;  /* until the clock may be wrong again */
byte drift_left = 0;

inline age(time, units, largest) {
  time = (time + (units) < (largest) -> time + (units) : (largest))
}

inline clients_clock(units) {
  if
  :: step != nothing -> age(sent, units, T)
  :: else
  fi;
  if
  :: step == has_read -> age(answered, units, PAUSE)
  :: else
  fi
}

inline drift(units) {
  drift_left = (rest == 0 -> DRIFT : drift_left) - 1;
  rest = (rest == 0 -> T : rest);
  clients_clock(units)
}

active proctype clock() {
  do
  :: atomic {
       age(touched, 1, T);
       age(pinged, 1, LONGEST_WITHOUT_PING + 1);
       rest = (rest > 0 -> rest - 1 : 0);
       if
       :: clients_clock(1)
       :: rest == 0 || drift_left > 0 -> drift(0)
       :: rest == 0 || drift_left > 0 -> drift(2)
       fi }
  od
}
