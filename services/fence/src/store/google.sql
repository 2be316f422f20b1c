-- Accounts at Google, as the original makes the tables. New links are not made; those of an adopted database are kept.

create table if not exists user_google_account (
    id serial primary key,
    email varchar not null unique,
    user_id integer not null references "User" (id)
);

create table if not exists user_google_account_to_proxy_group (
    user_google_account_id integer not null references user_google_account (id),
    proxy_group_id varchar not null references google_proxy_group (id),
    expires bigint,
    primary key (user_google_account_id, proxy_group_id)
);
