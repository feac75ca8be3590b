/*
 * Who holds the lock: claims in one queue, as in "The path of one claim" of src/README.md.
 *
 * Three clients with a session each create, list, watch, are granted and release. Their connections
 * break, their answers are lost, they die, are uncertain of their sessions and certain again.
 * - Never two valid leases, and tokens rise: the assertions in `grant` and `resume`.
 * - Every claim is followed, also that of a dead session: in the end each client has had its turn,
 *   or is dead. All faults are counted and no step can be repeated without one, so every run ends,
 *   and one that ends with a client that waits is an invalid end state.
 *
 * There is no time in this model. The number of a claim is its place and its token.
 *
 * What is abstracted:
 * - Sessions: while a client is `certain`, the leader does not end its session. That is what
 *   session.pml and election.pml check. It may end any other session at any time.
 * - Servers: one that has applied everything, and one that lags, and catches up all at once. If the
 *   client has seen more than the one that lags has applied, that one refuses it, as ZooKeeper
 *   compares zxids. A read and its answer are one step: an old answer is one of the server that lags.
 * - A write is sent, taken by the leader, and answered. When the connection breaks, it may stay on
 *   its way, until the client has a new connection: from then on the leader refuses it.
 * - Certainty comes back with quorum writes, so with a server that has caught up.
 * - Somebody deletes claims by hand only while their owner is not certain. Otherwise the holder knows
 *   when the event arrives: excluded from the promise.
 * - The TTL is in ttl.pml. There are at most CREATES creates and FAULTS faults in a run.
 *
 * Weakenings: NO_BARRIER, RESUMED_WITHOUT_LOOK, GRANTED_WITHOUT_LOOK, EVENT_IS_ENOUGH,
 * MISSING_IS_FIRST, VALID_UNTIL_REMOVED, REMOVAL_FORGOTTEN; and EARLIER_LOOK, with 2 clients and 4
 * faults
 */
#ifndef CLIENTS
#define CLIENTS 3
#endif
#ifndef CREATES
#define CREATES 4
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#define NONE CREATES

mtype:state = { idle, creating, unknown, listing, watching, first, held, suspended, releasing, done };
mtype:write = { no_write, create, check, remove };
mtype:place = { nowhere, on_its_way, answered };

typedef Client {
  mtype:state state = idle;
  byte claim = NONE;
  byte ahead = NONE;     /* the claim that it watches */
  bool ahead_was_first;  /* in the list */
  bool looks;            /* a check of its claim has to come before the lease */
  bool certain = true;
  bool connected = true;
  bool lags;     /* its server does */
  bool refused;  /* by the server that lags */
  bool ended;    /* its session */
  bool dead;
  mtype:write write = no_write;
  mtype:place place = nowhere;
  byte result = NONE;  /* of the write: the claim that was created, or that stands */
  bool outdated;       /* it was not certain at some time since the write was sent */
}
Client client[CLIENTS];

byte claims = 0;   /* those that exist, a bit each */
byte applied = 0;  /* those that the server that lags has */
byte owner[CREATES];
byte next = 0;
byte creates = CREATES;
byte faults = FAULTS;
byte begun = 0;    /* clients that have sent a create: by symmetry, in the order of their numbers */
byte least = 0;    /* token of the next grant */

#define me client[c]
#define bit(claim) (1 << (claim))
#define sees(claim) (((me.lags -> applied : claims) & bit(claim)) != 0)
#define acts (!me.dead && me.connected && !me.ended)
#ifdef EARLIER_LOOK
#define is_outdated (!me.certain)
#else
#define is_outdated (me.outdated)
#endif
#define is_free (me.place == nowhere)
#define may_fail (faults > 0 && c < begun && !me.dead && me.state != done)
#define valid(c) (client[c].state == held && client[c].certain && !client[c].dead)

/* --- What a client knows ---------------------------------------------------------------------- */

inline catch_up() {
  applied = claims;
  for (i : 0 .. CLIENTS - 1) { client[i].refused = false }
  i = 0
}

/* Its server has answered a read. */
inline has_read() { me.refused = me.refused || (!me.lags && applied != claims) }

/* Its server has answered a quorum write. */
inline has_written() {
  if
  :: me.lags -> catch_up()
  :: else -> has_read()
  fi
}

inline send(what) { me.write = what; me.place = on_its_way }
inline forget_write() { me.write = no_write; me.place = nowhere; me.result = NONE; me.outdated = false }

inline become(new_state) {
  me.state = new_state;
  me.ahead = NONE;
  me.ahead_was_first = false;
  me.looks = false
}

/* Had its turn, or is dead. */
inline finish() {
  become(done);
  me.claim = NONE;
  me.certain = true;
  me.connected = true;
  me.lags = false;
  me.refused = false
}

inline queue_again() { become(idle); me.claim = NONE }

inline become_first() {
  become(first);
#ifndef GRANTED_WITHOUT_LOOK
  me.looks = !me.certain
#endif
}

/* --- Leases ----------------------------------------------------------------------------------- */

inline nobody_else_is_valid() {
  for (i : 0 .. CLIENTS - 1) { assert(i == c || !valid(i)) }
  i = 0
}

inline grant() {
  become(held);
  nobody_else_is_valid();
  assert(me.claim >= least);
  least = me.claim + 1
}

inline resume() { become(held); nobody_else_is_valid() }

/* --- The queue -------------------------------------------------------------------------------- */

inline find_own() {
  me.claim = NONE;
  for (i : 0 .. CREATES - 1) {
    if
    :: sees(i) && owner[i] == c -> me.claim = i
    :: else
    fi
  }
  i = 0;
  if
  :: me.claim == NONE -> become(idle)
  :: else -> become(listing)
  fi
}

inline list() {
  has_read();
  me.ahead = NONE;
  me.ahead_was_first = false;
  for (i : 0 .. CREATES - 1) {
    if
    :: i < me.claim && sees(i) -> me.ahead_was_first = (me.ahead == NONE); me.ahead = i
    :: else
    fi
  }
  i = 0;
  if
#ifdef MISSING_IS_FIRST
  :: !sees(me.claim) -> become_first()
#else
  :: !sees(me.claim) -> queue_again()
#endif
  :: sees(me.claim) && me.ahead == NONE -> become_first()
  :: sees(me.claim) && me.ahead != NONE -> me.state = watching
  fi
}

inline judge_event() {
  has_read();
  if
  :: !sees(me.claim) -> queue_again()
#ifdef EVENT_IS_ENOUGH
  :: sees(me.claim) -> become_first()
#else
  :: sees(me.claim) && me.ahead_was_first -> become_first()
  :: sees(me.claim) && !me.ahead_was_first -> become(listing)
#endif
  fi
}

inline judge_answer() {
  has_written();
  if
  :: me.write == create -> me.claim = me.result; become(listing)
  :: me.write == remove -> finish()
  :: me.write == check && me.state == unknown -> find_own()  /* a list, behind the check */
  :: me.write == check && me.state != unknown ->
       if
       :: me.result == NONE -> queue_again()
       :: me.result != NONE && is_outdated  /* looks again, once it is certain */
       :: me.result != NONE && !is_outdated && me.state == first -> grant()
       :: me.result != NONE && !is_outdated && me.state == suspended -> resume()
       fi
  fi;
  forget_write()
}

inline connect() {
  me.connected = true;
  forget_write();
  if
  :: me.lags = false
  :: !me.refused -> me.lags = true
  fi;
  if
  :: me.state == creating -> me.state = unknown
  :: me.state == watching -> become(listing)
#ifdef REMOVAL_FORGOTTEN
  :: me.state == releasing -> finish()
#endif
  :: else
  fi
}

/* The servers have said that the session is over: it has a new one. */
inline begin_session() {
  forget_write();
  me.ended = false;
  me.certain = true;
  if
  :: me.state == releasing -> finish()
  :: else -> queue_again()
  fi
}

proctype contender(byte c) {
  byte i;
end:
  do
  :: d_step { acts && me.state == idle && creates > 0 && c <= begun ->
       creates--; send(create); me.state = creating;
       begun = (c == begun -> begun + 1 : begun) }
  :: d_step { acts && me.state == idle && creates == 0 -> finish() }
  :: atomic { acts && me.place == answered -> judge_answer() }
#ifdef NO_BARRIER
  :: d_step { acts && me.state == unknown -> has_read(); find_own() }
#else
  :: d_step { acts && me.state == unknown && is_free -> send(check) }
#endif
  :: d_step { acts && me.state == listing -> list() }
  :: d_step { acts && me.state == watching && (!sees(me.ahead) || !sees(me.claim)) ->
       judge_event() }
  :: d_step { !me.dead && me.state == first && me.certain && !me.looks -> grant() }
  :: d_step { acts && me.state == first && me.certain && me.looks && is_free -> send(check) }
#ifdef RESUMED_WITHOUT_LOOK
  :: d_step { acts && me.state == suspended && me.certain -> resume() }
#else
  :: d_step { acts && me.state == suspended && me.certain && is_free -> send(check) }
#endif
#ifdef VALID_UNTIL_REMOVED
  :: d_step { acts && me.state == held && is_free -> send(remove) }
#else
  :: d_step { !me.dead && me.state == held -> me.state = releasing }
#endif
  :: d_step { acts && me.state == releasing && is_free -> send(remove) }
  :: d_step { acts && me.state == watching && faults > 0 ->  /* gives up */
       faults--; become(releasing) }
  :: d_step { acts && me.state != done && !me.certain -> has_written(); me.certain = true }
  :: atomic { !me.dead && !me.connected -> connect() }
  :: d_step { !me.dead && me.connected && me.ended -> begin_session() }
  od
}

/* --- The servers ------------------------------------------------------------------------------ */

inline take_write() {
  me.place = answered;
  if
  :: me.write == create ->
       owner[next] = c;
       claims = claims | bit(next);
       me.result = next;
       next++
  :: me.write == check && me.claim != NONE && (claims & bit(me.claim)) -> me.result = me.claim
  :: me.write == check && (me.claim == NONE || !(claims & bit(me.claim)))
  :: me.write == remove -> claims = claims & ~bit(me.claim)
  fi
}

inline end_session() {
  me.ended = true;
  for (i : 0 .. CREATES - 1) {
    if
    :: (claims & bit(i)) && owner[i] == c -> claims = claims & ~bit(i)
    :: else
    fi
  }
  i = 0
}

/* The leader, for one client. */
proctype leader(byte c) {
  byte i;
end:
  do
  :: d_step { me.place == on_its_way && !me.ended -> take_write() }
  :: d_step { me.dead && me.state != done -> end_session(); forget_write(); finish() }
  :: d_step { !me.dead && !me.certain && !me.ended && me.state != done && faults > 0 ->
       faults--; end_session() }
  od
}

proctype server_that_lags() {
  byte i;
end:
  do
  :: d_step { applied != claims -> catch_up() }
  od
}

/* --- What goes wrong -------------------------------------------------------------------------- */

proctype trouble(byte c) {
end:
  do
  :: d_step { may_fail && me.connected ->
       faults--; me.connected = false }
  :: atomic { may_fail && me.certain ->
       faults--;
       me.certain = false;
       me.outdated = (me.write == check);
       if
       :: me.state == held -> become(suspended)
       :: me.state == held -> become(releasing)
       :: me.state == first -> become_first()
       :: me.state != held && me.state != first
       fi }
  :: d_step { may_fail ->
       faults--; me.dead = true; me.certain = false }
  :: d_step { faults > 0 && !me.certain && me.claim != NONE && (claims & bit(me.claim)) ->
       faults--; claims = claims & ~bit(me.claim) }  /* by hand */
  od
}

/* Nothing can happen any more. */
proctype the_end() {
  byte c;
  timeout;
  for (c : 0 .. CLIENTS - 1) { assert(client[c].state == done) }
}

init {
  byte c;
  atomic {
    for (c : 0 .. CLIENTS - 1) {
      run contender(c);
      run leader(c);
      run trouble(c)
    }
    run server_that_lags();
    run the_end()
  }
}
