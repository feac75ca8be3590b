/*
 * Sessions across a change of the leader and of the server: "Further rules" of src/SAFETY.md.
 *
 * A session stands until its timeout after the leader has heard of it. A new leader restarts it, with
 * the timeout with which it was created. The client may go to another server while its session is
 * certain: it gives up its connection without closing the session, and resumes it on another one. As
 * long as the session is certain to the client, the leader must not have ended it.
 *
 * Units: all times are ages, in steps of `clock`; the session was created with a timeout of CREATED
 * units, and other servers may negotiate NEGOTIATED. Ages stop at the largest one that matters: so the
 * search covers runs of any length.
 *
 * What is abstracted:
 * - Evidence is one step: after a request was sent the leader hears of the session, and then the
 *   client gets the answer. session.pml checks that two quorum writes prove that, on one connection
 *   and with one leader. Clocks do not drift here.
 * - A leader's end of a session is an order, which a quorum then commits, or which is lost with the
 *   leader or survives it. Meanwhile that leader refuses the session.
 * - Of older connections only the last one counts. Its requests may arrive at any time. The leader
 *   refuses what it would refuse, once the session has moved; it does not look at the owner of a close.
 * - Servers that shorten a timeout which the client does not know yet are excluded (the assumptions
 *   of src/SAFETY.md): no handshake gives less than CREATED.
 *
 * Weakenings: LARGER_TIMEOUT, OLD_HANDLE_CLOSED, FROM_RECEIPT
 */
#define CREATED 3
#define NEGOTIATED 5

mtype:request = { no_request, touch, hello, close };

/* The client. */
mtype:request asked = no_request;    /* on its connection */
bool heard = false;                  /* by the leader; the answer is on its way */
byte offered = CREATED;              /* the timeout in the answer to a hello */
byte sent = 0;                       /* since that request */
bool connected = true;
bool certain = true;
byte proved = 0;                     /* since the request that proves it was sent */
byte counted = CREATED;              /* as the client counts it */
mtype:request left_behind = no_request;  /* on the older connection */

/* The leader. */
bool leads = true;
byte granted = CREATED;              /* the timeout that it counts */
byte touched = 0;                    /* since it has heard of the session */
bool ending = false;                 /* it has ordered the end of the session */
bool ended = false;

#define valid (certain && proved < counted)

inline forget() { asked = no_request; heard = false; sent = 0; offered = CREATED }

inline end_session() { ended = true; assert(!valid) }

active proctype client() {
  do
  :: d_step { connected && asked == no_request -> asked = touch; sent = 0 }
  :: d_step { !connected && asked == no_request -> asked = hello; sent = 0 }
  :: atomic { heard ->  /* the answer */
       if
       :: asked == hello ->
            connected = true;
#ifdef LARGER_TIMEOUT
            counted = offered
#else
            counted = (offered < counted -> offered : counted)
#endif
       :: else
       fi;
       certain = true;
#ifdef FROM_RECEIPT
       proved = 0;
#else
       proved = sent;
#endif
       forget();
       assert(!(valid && ended)) }
  :: atomic { connected || asked == hello ->  /* to another server; or this connection broke */
       connected = false;
#ifdef OLD_HANDLE_CLOSED
       left_behind = close;
#else
       if
       :: !heard && asked == touch -> left_behind = touch
       :: left_behind = no_request
       fi;
#endif
       forget() }
  od
}

active proctype leader() {
  do
  :: atomic { leads && !ended && !ending && !heard && asked == touch -> touched = 0; heard = true }
  :: atomic { leads && !ended && !ending && !heard && asked == hello ->
       if
       :: offered = CREATED
       :: offered = NEGOTIATED
       fi;
       granted = offered;
       touched = 0;
       heard = true;
       left_behind = (left_behind == close -> close : no_request) }
  :: d_step { leads && !ended && !ending && left_behind == touch ->
       touched = 0; left_behind = no_request }
#ifdef OLD_HANDLE_CLOSED
  :: atomic { leads && !ended && left_behind == close -> left_behind = no_request; end_session() }
#endif
  :: d_step { leads && !ended && !ending && touched >= granted -> ending = true }
  :: atomic { leads && ending -> ending = false; end_session() }
  od
}

active proctype elections() {
  do
  :: atomic { leads ->
       leads = false;
       if
       :: ending -> ending = false; end_session()  /* the order survives */
       :: ending = false
       fi;
       /* All servers hang up. What was heard may still be answered. */
       if
       :: !heard -> connected = false; forget()
       :: heard
       fi }
  :: d_step { !leads -> leads = true; granted = CREATED; touched = 0 }
  od
}

inline age(time, largest) { time = (time < largest -> time + 1 : time) }

active proctype clock() {
  do
  :: d_step {
       age(touched, NEGOTIATED);
       age(proved, NEGOTIATED);
       if
       :: asked != no_request -> age(sent, NEGOTIATED)
       :: else
       fi }
  od
}
