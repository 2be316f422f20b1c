
# Each service owns a database. psql takes the server and who may make databases there from PGHOST, PGPORT, PGUSER and
# PGPASSWORD.
if ! there commons-databases; then
    : "${PGHOST:?export PGHOST (and PGPORT, PGUSER, PGPASSWORD) of the PostgreSQL server}"
    mkdir "$work/databases"
    for name in @DATABASES@; do
        password=$(openssl rand -hex 24)
        export password
        psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=name="$name" --dbname=postgres <<'SQL'
\set password `printf %s "$password"`
select format('create role %I login', :'name') where not exists (select from pg_roles where rolname = :'name') \gexec
alter role :"name" password :'password';
grant :"name" to current_user;
select format('create database %I owner %I', :'name', :'name')
where not exists (select from pg_database where datname = :'name') \gexec
SQL
        printf %s "postgresql://$name:$password@$PGHOST:${PGPORT:-5432}/$name" >"$work/databases/$name"
    done
    put commons-databases --from-file="$work/databases"
fi
if ! there commons-indexd-login; then
    openssl rand -hex 24 | tr -d '\n' >"$work/password"
    put commons-indexd-login --from-literal=username=commons --from-file="$work/password"
fi
if ! there commons-key-@TODAY@; then
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/jwt_private_key.pem"
    openssl pkey -in "$work/jwt_private_key.pem" -pubout -out "$work/jwt_public_key.pem"
    put commons-key-@TODAY@ --from-file="$work/jwt_private_key.pem" --from-file="$work/jwt_public_key.pem"
fi
