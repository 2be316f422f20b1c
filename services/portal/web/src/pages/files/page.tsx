// Sending files, and saying which records of the graph they belong to.

import { Link, useSearch } from "@tanstack/react-router";
import { useText } from "../../app/text.ts";
import { mayDo, type User, useUser } from "../../session/user.ts";
import { Page } from "../../ui/page.tsx";
import { Denied, Loading, Notice } from "../../ui/states.tsx";
import { Why } from "../../ui/why.tsx";
import { Queue } from "./queue.tsx";
import { Unmapped } from "./unmapped.tsx";

const NEED = { resource: "/data_file", method: "file_upload", service: "fence" };

export function Files() {
  const t = useText();
  const { user, isKnown } = useUser();
  return (
    <Page
      title={t("Files")}
      above={<Link to="/submission">{t("Projects")}</Link>}
      lead={t("Send files to this commons, and say which records they belong to.")}
    >
      {isKnown ? user ? <Known user={user} /> : <Denied what={t("Files")} /> : <Loading />}
    </Page>
  );
}

function Known({ user }: { user: User }) {
  const t = useText();
  const { message } = useSearch({ from: "/submission/files" });
  return (
    <>
      {message ? <Notice>{message}</Notice> : null}
      {mayDo(user.authz, NEED.resource, NEED.method, NEED.service) ? (
        <Queue user={user.username} />
      ) : (
        <Notice kind="denied">
          <strong>{t("You have no right to upload files")}</strong>
          <Why need={NEED} label={t("Why can’t I upload?")} />
        </Notice>
      )}
      <Unmapped user={user} />
    </>
  );
}
