// Users: who is known, when they were here last, and shutting somebody out or letting them in.

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { CircleCheck, CircleSlash } from "lucide-react";
import { useState } from "react";
import { useFormats, useText } from "../../app/text.ts";
import { type KnownUser, type UserFilter, usersQuery } from "../../features/administration/users.ts";
import type { User } from "../../session/user.ts";
import { Actions, Button, buttonClass, Choice, SearchBox } from "../../ui/controls.tsx";
import { Row, Stack } from "../../ui/page.tsx";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { AdminPage } from "./frame.tsx";
import css from "./page.module.css";
import { Deeds } from "./user_deeds.tsx";

export function Users() {
  const t = useText();
  return (
    <AdminPage
      area="users"
      lead={t("Who is known here, when they logged in last, and who may no longer come in.")}
    >
      {(user) => <Known user={user} />}
    </AdminPage>
  );
}

function Known({ user }: { user: User }) {
  const t = useText();
  const filter = useSearch({ from: "/admin/users" });
  const navigate = useNavigate({ from: "/admin/users" });
  const [words, setWords] = useState(filter.q ?? "");
  const [chosen, setChosen] = useState<KnownUser>();
  const set = (changed: UserFilter) => void navigate({ search: { ...filter, after: undefined, ...changed } });
  const all = { value: "", label: t("all") };
  return (
    <Stack>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          set({ q: words.trim() || undefined });
        }}
      >
        <Row>
          <SearchBox label={t("Search names and addresses")} value={words} onChange={setWords} />
          <Choice
            label={t("Role")}
            value={filter.role ?? ""}
            onChange={(role) => set({ role: role || undefined })}
            options={[
              all,
              { value: "admin", label: t("administrators") },
              { value: "user", label: t("other users") },
            ]}
          />
          <Choice
            label={t("State")}
            value={filter.active ?? ""}
            onChange={(active) => set({ active: active || undefined })}
            options={[
              all,
              { value: "true", label: t("may log in") },
              { value: "false", label: t("shut out") },
            ]}
          />
          <button type="submit" className={buttonClass()}>
            {t("Search")}
          </button>
        </Row>
      </form>
      <List filter={filter} onChoose={setChosen} />
      {chosen ? (
        <Deeds
          key={chosen.username}
          user={chosen}
          isReader={chosen.username === user.username}
          onClose={() => setChosen(undefined)}
        />
      ) : null}
    </Stack>
  );
}

function List({ filter, onChoose }: { filter: UserFilter; onChoose: (user: KnownUser) => void }) {
  const t = useText();
  const { number, time } = useFormats();
  const users = useQuery(usersQuery(filter));
  const columns: Column<KnownUser>[] = [
    {
      title: t("User"),
      isHeader: true,
      cell: ({ username, display_name }) => (
        <>
          {username}
          {display_name && display_name !== username ? (
            <span className="quiet small"> {display_name}</span>
          ) : null}
        </>
      ),
    },
    { title: t("Address"), cell: ({ email }) => email ?? "" },
    { title: t("Role"), cell: ({ role }) => (role === "admin" ? t("administrator") : t("user")) },
    { title: t("State"), cell: ({ active }) => <Standing isActive={active} /> },
    {
      title: t("Last login"),
      cell: ({ last_login, idp }) =>
        last_login ? (
          <span className="whole">
            {time(last_login)}
            {idp ? <span className="quiet small"> {idp}</span> : null}
          </span>
        ) : (
          <span className="quiet">{t("never")}</span>
        ),
    },
    { title: t("API keys"), isNumber: true, cell: ({ api_keys }) => number(api_keys) },
    {
      title: t("Action"),
      cell: (user) => (
        <Button
          kind="bare"
          aria-label={t("Change {user}", { user: user.username })}
          onPress={() => onChoose(user)}
        >
          {t("Change")}
        </Button>
      ),
    },
  ];
  if (users.isPending) return <Loading lines={6} />;
  if (users.error) {
    return <Failed error={users.error} what={t("Users")} retry={() => void users.refetch()} />;
  }
  const { users: found, next } = users.data;
  return (
    <>
      {found.length === 0 ? (
        <Empty title={t("There is no such user")} />
      ) : (
        <Table label={t("Users")} columns={columns} rows={found} keyOf={({ username }) => username} />
      )}
      {filter.after || next ? (
        <Actions>
          {filter.after ? (
            <Link to="/admin/users" search={{ ...filter, after: undefined }}>
              {t("First users")}
            </Link>
          ) : null}
          {next ? (
            <Link to="/admin/users" search={{ ...filter, after: next }}>
              {t("More users")}
            </Link>
          ) : null}
        </Actions>
      ) : null}
    </>
  );
}

function Standing({ isActive }: { isActive: boolean }) {
  const t = useText();
  const Sign = isActive ? CircleCheck : CircleSlash;
  return (
    <span className={`${css.state} ${isActive ? css.good : css.bad}`}>
      <Sign size={16} aria-hidden /> {isActive ? t("may log in") : t("shut out")}
    </span>
  );
}
