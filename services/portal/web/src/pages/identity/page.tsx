// The user: who they are, their API keys, and what they may do.

import { useText } from "../../app/text.ts";
import { type User, useUser } from "../../session/user.ts";
import { Page } from "../../ui/page.tsx";
import { Denied, Loading } from "../../ui/states.tsx";
import { Facts } from "../../ui/table.tsx";
import { Access } from "./access.tsx";
import { Keys } from "./keys.tsx";

export function Identity() {
  const t = useText();
  const { user, isKnown } = useUser();
  return (
    <Page title={t("Profile")}>
      {isKnown ? user ? <Known user={user} /> : <Denied what={t("Profile")} /> : <Loading />}
    </Page>
  );
}

function Known({ user }: { user: User }) {
  const t = useText();
  return (
    <>
      <Facts
        facts={[
          [t("User name"), user.username],
          [t("Name"), user.display_name],
          [t("E-mail"), user.email],
          [t("Logged in by"), user.idp],
        ]}
      />
      <Keys />
      <Access rights={user.authz} />
    </>
  );
}
