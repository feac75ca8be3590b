# shellcheck shell=bash
# How far a long step is, on standard error. To be sourced by bash.

progress_every=${ZKLOCK_PROGRESS_SECONDS:-30}
progress_since=$SECONDS  # when a line was written last
progress_is_shown=

# show_progress TEXT: on a terminal in place of the text before; elsewhere, where each is a line that
# stays, one in 30 seconds.
show_progress() {
  if [[ -t 2 ]]; then
    printf '\r\033[K%.78s' "$1" >&2
    progress_is_shown=yes
  elif (( SECONDS - progress_since >= progress_every )); then
    printf '%s\n' "$1" >&2
    progress_since=$SECONDS
  fi
}

# end_progress: leaves the terminal to what is written next.
end_progress() {
  if [[ $progress_is_shown ]]; then printf '\r\033[K' >&2; fi
  progress_is_shown=
  progress_since=$SECONDS
}
