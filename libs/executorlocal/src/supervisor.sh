# Runs a notebook server until it ends or standard input is closed, which also happens when the commons is killed.
# RUN is its folder, which is removed in the end; HOME_FOLDER and TOOLS are what it sees of HIDDEN, the state of the
# commons, where the kernel lets an ordinary account hide folders (WALLS=yes).
exec 3<&0 </dev/null
end() {
  kill -TERM "-$server" 2>/dev/null
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -0 "-$server" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "-$server" 2>/dev/null
}
inside='
exec 8<"$TOOLS" 9<"$HOME_FOLDER" || exit 70
mount -t tmpfs -o mode=0755 hidden "$HIDDEN" || exit 71
mkdir -p "$TOOLS" "$HOME_FOLDER" || exit 72
mount --no-canonicalize --bind /proc/self/fd/8 "$TOOLS" || exit 73
mount --no-canonicalize --bind /proc/self/fd/9 "$HOME_FOLDER" || exit 74
mount -o remount,bind,ro "$TOOLS" 2>/dev/null
exec 8<&- 9<&- 3<&-
cd "$HOME_FOLDER" || exit 76
unset HIDDEN TOOLS HOME_FOLDER WALLS RUN
exec "$@"
'
if [ "$WALLS" = yes ]; then
  setsid unshare --user --map-root-user --mount --propagation private --pid --fork --kill-child=KILL --mount-proc \
    /bin/sh -c "$inside" notebook "$@" 3<&- &
else
  setsid "$@" 3<&- &
fi
server=$!
(read -r _ <&3; end) >/dev/null &
reader=$!
wait "$server"
status=$?
kill "$reader" 2>/dev/null
end
[ -n "$RUN" ] && rm -rf -- "$RUN"
exit "$status"
