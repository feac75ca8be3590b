# Completes the command line of zklock: commands and options. Paths are on servers, and not looked up.
_zklock() {
  local current=${COMP_WORDS[COMP_CWORD]} command='' words word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in
      run|ls|status|wait|break) command=$word; break ;;
    esac
  done
  local servers="--address --answer-timeout --claim-marker --help"
  case $command in
    run) words="--timeout --no-wait --conflict-exit-code --owner --ttl --min-hold --once --requeue
      --kill-after --session-timeout --quiet --verbose $servers" ;;
    ls) words="--watch --json --recursive $servers" ;;
    status) words="--quiet $servers" ;;
    wait) words="--timeout --quiet $servers" ;;
    break) words="--if-token --yes $servers" ;;
    *) words="run ls status wait break --help --version" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _zklock zklock
