// What can be done with a user: each with what becomes of it, before it is done.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { type Say, useText } from "../../app/text.ts";
import {
  carryOut,
  type Deed,
  deedsFor,
  isFinal,
  type KnownUser,
} from "../../features/administration/users.ts";
import { Actions, Button, TextBox } from "../../ui/controls.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Failed, Notice } from "../../ui/states.tsx";
import css from "./page.module.css";

type Told = { label: string; what: string };

const toldOf = (t: Say, keys: number): Record<Deed, Told> => ({
  disable: {
    label: t("Shut out"),
    what: t(
      "The user can log in no more. Sessions, access tokens and API keys ({keys}) end now, for ever. The account and its rights stay, and the user can be let in again. Loading user.yaml does not undo it.",
      { keys },
    ),
  },
  enable: {
    label: t("Let in again"),
    what: t("The user can log in again, with the rights of before. Old sessions and API keys stay ended."),
  },
  end_sessions: {
    label: t("End the sessions"),
    what: t(
      "The user is logged out everywhere, and may log in again at once. API keys go on. What a browser was given a moment ago is accepted for at most 20 minutes more.",
    ),
  },
  end_all: {
    label: t("End the sessions and the API keys"),
    what: t("As above, and the API keys ({keys}) are revoked: programs of the user need new ones.", { keys }),
  },
  make_admin: {
    label: t("Make an administrator"),
    what: t(
      "The user is marked as an administrator. It gives no right by itself: rights are policies. Loading a user.yaml that says otherwise undoes it.",
    ),
  },
  make_user: {
    label: t("Take away the role of administrator"),
    what: t("The user is no longer marked as an administrator. Rights by policies stay."),
  },
  delete: {
    label: t("Delete the account"),
    what: t(
      "The account is deleted with its groups, lists of projects and API keys ({keys}). It cannot be undone. Policies granted to this name stay, and the next login or user.yaml makes the account anew: to keep somebody out, shut them out instead.",
      { keys },
    ),
  },
});

export function Deeds(props: { user: KnownUser; isReader: boolean; onClose: () => void }) {
  const t = useText();
  const client = useQueryClient();
  const id = useId();
  const { user, isReader, onClose } = props;
  const deeds = deedsFor(user);
  const [deed, setDeed] = useState<Deed>();
  const [repeated, setRepeated] = useState("");
  const told = toldOf(t, user.api_keys);
  const change = useMutation({
    mutationFn: (deed: Deed) => carryOut(user, deed),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["users"] });
      onClose();
    },
  });
  const isSure = deed !== undefined && (!isFinal(deed) || repeated === user.username);
  return (
    <Dialog title={t("Change {user}", { user: user.username })} isOpen onClose={onClose}>
      <p className="quiet">
        {[
          user.display_name,
          user.email,
          t("{count, plural, one {# API key} other {# API keys}}", { count: user.api_keys }),
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
      {isReader ? <Notice kind="caution">{t("This is you: you may lock yourself out.")}</Notice> : null}
      <fieldset className={css.deeds}>
        <legend className="unseen">{t("What is to be done")}</legend>
        {deeds.map((name) => (
          <label key={name}>
            <input
              type="radio"
              name={id}
              checked={name === deed}
              onChange={() => setDeed(name)}
              aria-describedby={`${id}-${name}`}
            />
            <strong>{told[name].label}</strong>
            <span id={`${id}-${name}`} className="quiet small">
              {told[name].what}
            </span>
          </label>
        ))}
      </fieldset>
      {deed && isFinal(deed) ? (
        <TextBox
          label={t("Type the name of the user to delete the account")}
          hint={user.username}
          value={repeated}
          onChange={setRepeated}
        />
      ) : null}
      {change.error ? <Failed error={change.error} what={t("Change")} /> : null}
      <Actions>
        <Button
          kind="danger"
          isDisabled={!isSure || change.isPending}
          onPress={() => deed && change.mutate(deed)}
        >
          {deed
            ? t("{what}: {user}", { what: told[deed].label, user: user.username })
            : t("Choose what is to be done")}
        </Button>
        <Button onPress={onClose}>{t("Change nothing")}</Button>
      </Actions>
    </Dialog>
  );
}
