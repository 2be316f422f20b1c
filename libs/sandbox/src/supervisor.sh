# Runs "$@", which is `env -i NAME=VALUE... PROGRAM ARGUMENT...`, behind walls until it ends or standard input is
# closed, which also happens when the process that started this is killed. CELL is the folder of the cell, WORKDIR and
# STANDARD_INPUT are paths inside, MEMORY and FILE_SIZE are limits of each process in bytes.
exec 3<&0 </dev/null
inside='
fail() { echo "$1" >&2; exit 70; }
show() { mount --rbind "$1" "$2" && mount -o remount,bind,ro "$2" || fail "$1 cannot be shown"; }
new=$CELL/root
mkdir -p "$new" && mount -t tmpfs -o mode=0755,size=4m cell "$new" && cd "$new" || fail "no folder can be mounted"
mkdir etc dev proc sys .old || fail "the root cannot be made"
for name in bin sbin lib lib32 lib64 libx32 usr; do
  if [ -L "/$name" ]; then
    ln -s "$(readlink "/$name")" "$name" || fail "/$name cannot be linked"
  elif [ -d "/$name" ]; then
    mkdir "$name" && show "/$name" "$name"
  fi
done
for name in ld.so.cache ld.so.conf localtime protocols services mime.types; do
  [ -f "/etc/$name" ] || continue
  : >"etc/$name" && show "/etc/$name" "etc/$name"
done
for name in alternatives ld.so.conf.d ssl/certs fonts; do
  [ -d "/etc/$name" ] || continue
  mkdir -p "etc/$name" && show "/etc/$name" "etc/$name"
done
echo "root:x:0:0:root:/tmp:/bin/sh" >etc/passwd
echo "root:x:0:" >etc/group
echo "127.0.0.1 localhost" >etc/hosts
for name in null zero full random urandom; do
  : >"dev/$name" && mount --bind "/dev/$name" "dev/$name" || fail "/dev/$name cannot be shown"
done
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mkdir dev/shm && mount -t tmpfs -o size=256m,mode=1777 shm dev/shm || fail "/dev/shm cannot be made"
mount -t proc -o ro proc proc || fail "/proc cannot be made"
for folder in "$CELL"/files/*; do
  [ -d "$folder" ] || continue
  mkdir "${folder##*/}" && mount --bind "$folder" "${folder##*/}" || fail "a folder of the task cannot be shown"
done
mount -o remount,ro,mode=0755,size=4m cell "$new" || fail "the root cannot be closed"
: >"$CELL/entered" || fail "the cell cannot be written"
pivot_root . .old && umount -l /.old || exit 71
cd "$WORKDIR" || exit 72
[ -z "$STANDARD_INPUT" ] || exec <"$STANDARD_INPUT" || exit 73
exec prlimit --core=0 --data="$MEMORY" --fsize="$FILE_SIZE" -- \
  setpriv --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
'
unshare --user --map-root-user --mount --propagation private --net --ipc --uts --pid --fork --kill-child=KILL \
  /bin/sh -c "$inside" cell "$@" 3<&- &
cell=$!
(read -r _ <&3; kill -KILL "$cell") >/dev/null 2>&1 &
reader=$!
exec 3<&- >/dev/null 2>&1
wait "$cell"
status=$?
kill "$reader" 2>/dev/null
exit "$status"
