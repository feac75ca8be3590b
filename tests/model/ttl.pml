/*
 * Who may be purged, and when: "The TTL" of src/SAFETY.md.
 *
 * The holder's lease ends at the TTL, by its own clock, from before it sent the write that says so. It
 * may renew the lease with another write. A contender reads the claim in front of it, and purges it
 * when it has seen the claim unchanged for the TTL and a unit: with a delete that names the version
 * that it read. When the claim is deleted, the lease must have ended. A holder that hangs is purged.
 *
 * Units: a step of `clock` is a quarter of the TTL. All times are ages, in units, and stop at the
 * largest one that matters: so the search covers runs of any length.
 *
 * What is abstracted:
 * - The session never ends, and is always certain: what ends with it would end the lease earlier.
 * - Versions: all that counts is whether the one that the contender has read is the current one.
 * - The contender's server may lag behind a write, and then catches up. Each write and each read may
 *   be on its way for as long as it likes, and the holder's answers may be lost.
 * - The holder's clock may fall a unit behind the contender's, once in a TTL. (If it gains on the
 *   contender's, the lease ends earlier.)
 * - One contender: each purge is decided alone. After the end of a claim all begins again.
 *
 * Weakenings: NO_VERSION, FROM_ANSWER, COUNT_CONTINUES, CLOCKS_BELIEVED, DRIFT=2, NEVER_PURGED
 */
#define TTL 4
#define PATIENCE (TTL + 1)

#ifndef DRIFT
#define DRIFT 1
#endif

mtype:way = { nowhere, on_its_way, carried_out };

/* The holder. */
mtype:way write = nowhere;
byte written = 0;     /* since its write was sent */
bool held = false;
byte lease = 0;       /* since the last write that was answered was sent */
bool hangs = false;

/* The contender. */
mtype:way read = nowhere;
mtype:way purge = nowhere;
bool counts = false;
byte waited = 0;      /* since it knows the claim as it is */

/* The servers. */
bool current = false;  /* the version that the contender has read is the claim's */
bool lags = false;     /* the contender's server does */

#define valid (held && lease < TTL)

inline begin_again() {
  write = nowhere; written = 0; held = false; lease = 0; hangs = false;
  read = nowhere; purge = nowhere; counts = false; waited = 0;
  current = false; lags = false
}

active proctype holder() {
end:
  do
  :: d_step { !hangs && write == nowhere && (!held || valid) -> write = on_its_way; written = 0 }
  :: d_step { !hangs && write == carried_out ->  /* the answer */
       write = nowhere;
       held = true;
#ifdef FROM_ANSWER
       lease = 0;
#else
       lease = written;
#endif
       written = 0 }
  :: d_step { !hangs && write != nowhere -> write = nowhere; written = 0 }  /* lost */
  :: d_step { !hangs && held -> begin_again() }  /* it releases, or its TTL is over */
  :: d_step { !hangs -> hangs = true }
  od
}

active proctype contender() {
end:
  do
  :: d_step { read == nowhere && purge == nowhere && (!counts || (!current && !lags)) ->
       read = on_its_way;  /* for the first time, or after an event */
#ifndef COUNT_CONTINUES
       counts = false;
       waited = 0
#endif
     }
  :: d_step { read == carried_out ->
       read = nowhere;
       counts = true;
#ifdef CLOCKS_BELIEVED
       waited = PATIENCE
#endif
     }
#ifndef NEVER_PURGED
  :: d_step { counts && read == nowhere && purge == nowhere && waited >= PATIENCE ->
       purge = on_its_way }
#endif
  :: d_step { purge == carried_out ->  /* another version: it looks again */
       purge = nowhere; counts = false; waited = 0 }
  od
}

/* Takes the writes. */
active proctype leader() {
end:
  do
  :: atomic { write == on_its_way ->
       write = carried_out;
       current = false;
       if
       :: lags = true
       :: skip
       fi }
  :: atomic { purge == on_its_way && !current ->
       purge = carried_out;
#ifdef NO_VERSION
       assert(!valid);
       begin_again()
#endif
     }
  :: atomic { purge == on_its_way && current -> assert(!valid); begin_again() }
  od
}

/* Two processes, as each of them goes on. */
active proctype contenders_server() {
end:
  do
  :: d_step { read == on_its_way -> read = carried_out; current = !lags }
  od
}

active proctype replication() {
end:
  do
  :: d_step { lags -> lags = false }
  od
}

byte rest = 0;        /* until the holder's clock may fall behind again */
byte drift_left = 0;

inline age(time, largest) { time = (time < largest -> time + 1 : time) }

inline holders_clock() {
  if
  :: write != nowhere -> age(written, TTL)
  :: else
  fi;
  if
  :: held -> age(lease, TTL)
  :: else
  fi
}

active proctype clock() {
end:
  do
  :: atomic {
       if
       :: counts -> age(waited, PATIENCE)
       :: else
       fi;
       rest = (rest > 0 -> rest - 1 : 0);
       if
       :: holders_clock()
       :: rest == 0 || drift_left > 0 ->
            drift_left = (rest == 0 -> DRIFT : drift_left) - 1;
            rest = (rest == 0 -> PATIENCE : rest)
       fi }
  od
}

ltl followed { [] (hangs -> <> !hangs) }
