
# Who the commons is at the login provider: it goes from variables into a Secret, and into no file that stays.
: "${LOGIN_CLIENT_ID:?export LOGIN_CLIENT_ID, the identifier of the client at the provider}"
: "${LOGIN_CLIENT_SECRET:?export LOGIN_CLIENT_SECRET, the secret of the client at the provider}"
case $LOGIN_CLIENT_ID$LOGIN_CLIENT_SECRET in
*"'"*) echo "LOGIN_CLIENT_ID and LOGIN_CLIENT_SECRET must not have a quote" >&2 && exit 1 ;;
esac
shopt -u patsub_replacement 2>/dev/null || true
filled() { # FILE
    local text
    text=$(cat "$1")
    text=${text//'${LOGIN_CLIENT_ID}'/$LOGIN_CLIENT_ID}
    text=${text//'${LOGIN_CLIENT_SECRET}'/$LOGIN_CLIENT_SECRET}
    printf '%s\n' "$text" >"$work/$1"
}
