// Asking for access, what became of it, and deciding about what others have asked for.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { safeHref } from "../../app/boot.ts";
import { useFormats, useText } from "../../app/text.ts";
import {
  decide,
  GIVES,
  OPEN,
  openRequests,
  ownRequests,
  REFUSES,
  type Request,
  requestAccess,
  withdraw,
} from "../../features/access/requests.ts";
import { useDraft } from "../../session/drafts.ts";
import { type User, useUser } from "../../session/user.ts";
import { Actions, Button, buttonClass, TextBox } from "../../ui/controls.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Page, Part, Row, Stack } from "../../ui/page.tsx";
import { Denied, Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";

export function Requests() {
  const t = useText();
  const { user, isKnown } = useUser();
  return (
    <Page
      title={t("Access requests")}
      lead={t("Ask for what you may not see yet, and see what became of what you have asked for.")}
    >
      {isKnown ? user ? <Known user={user} /> : <Denied what={t("Access requests")} /> : <Loading />}
    </Page>
  );
}

function Known({ user }: { user: User }) {
  const { resource = "" } = useSearch({ from: "/requests" });
  return (
    <>
      <Ask key={resource} user={user} wanted={resource} />
      <Own />
      <Deciding user={user} />
    </>
  );
}

type Draft = { resource: string; name: string };

function Ask({ user, wanted }: { user: User; wanted: string }) {
  const t = useText();
  const client = useQueryClient();
  const [draft, setDraft] = useDraft<Draft>(`request ${wanted}`, user.username, {
    resource: wanted,
    name: "",
  });
  const send = useMutation({
    mutationFn: () => requestAccess(draft.resource.trim(), draft.name.trim()),
    onSuccess: (made) => {
      setDraft(undefined);
      void client.invalidateQueries({ queryKey: ["requests"] });
      const next = safeHref(made.redirect_url ?? undefined);
      if (next) location.assign(next);
    },
  });
  return (
    <Part title={t("Request access")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send.mutate();
        }}
      >
        <Row>
          <TextBox
            label={t("Resource")}
            isRequired
            hint={t("for example: /programs/CANCER/projects/lung")}
            value={draft.resource}
            onChange={(resource) => setDraft({ ...draft, resource })}
          />
          <TextBox
            label={t("What you call it")}
            hint={t("for those who decide")}
            value={draft.name}
            onChange={(name) => setDraft({ ...draft, name })}
          />
          <button type="submit" className={buttonClass("primary")} disabled={send.isPending}>
            {t("Send the request")}
          </button>
        </Row>
      </form>
      <div role="status">
        {send.data ? (
          <Notice kind="good">
            <strong>{t("Your request has been sent")}</strong>
            <span>{t("You see below what becomes of it.")}</span>
          </Notice>
        ) : null}
      </div>
      {send.error ? <Failed error={send.error} what={t("Request")} /> : null}
    </Part>
  );
}

function useStatus(): (status: string) => string {
  const t = useText();
  const words: Record<string, string> = {
    DRAFT: t("draft"),
    SUBMITTED: t("waits for a decision"),
    APPROVED: t("approved, not yet in force"),
    SIGNED: t("granted"),
    REJECTED: t("refused"),
  };
  return (status) => words[status] ?? status;
}

function useColumns(): Column<Request>[] {
  const t = useText();
  const { time } = useFormats();
  const status = useStatus();
  return [
    {
      title: t("What"),
      isHeader: true,
      cell: (request) => (
        <>
          {request.revoke ? `${t("Take away:")} ` : null}
          {request.resource_display_name || request.policy_id}
        </>
      ),
    },
    { title: t("Policy"), cell: (request) => <code>{request.policy_id}</code> },
    { title: t("State"), cell: (request) => <span title={request.status}>{status(request.status)}</span> },
    { title: t("Asked"), cell: (request) => (request.created_time ? time(request.created_time) : "") },
    { title: t("Changed"), cell: (request) => (request.updated_time ? time(request.updated_time) : "") },
  ];
}

function Own() {
  const t = useText();
  const own = useQuery(ownRequests);
  const columns = useColumns();
  const [doomed, setDoomed] = useState<Request>();
  const withdrawal: Column<Request> = {
    title: t("Action"),
    cell: (request) =>
      OPEN.includes(request.status) ? (
        <Button
          kind="bare"
          aria-label={t("Withdraw the request for {what}", {
            what: request.resource_display_name || request.policy_id,
          })}
          onPress={() => setDoomed(request)}
        >
          {t("Withdraw")}
        </Button>
      ) : null,
  };
  return (
    <Part title={t("Your requests")}>
      {own.isPending ? <Loading lines={3} /> : null}
      {own.error ? (
        <Failed error={own.error} what={t("Your requests")} retry={() => void own.refetch()} />
      ) : null}
      {own.data?.length === 0 ? <Empty title={t("You have asked for nothing yet")} /> : null}
      {own.data?.length ? (
        <Table
          label={t("Your requests")}
          columns={[...columns, withdrawal]}
          rows={own.data}
          keyOf={(request) => request.request_id}
        />
      ) : null}
      <Withdrawal doomed={doomed} onClose={() => setDoomed(undefined)} />
    </Part>
  );
}

function Withdrawal({ doomed, onClose }: { doomed: Request | undefined; onClose: () => void }) {
  const t = useText();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: withdraw,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["requests"] });
      onClose();
    },
  });
  return (
    <Dialog title={t("Withdraw this request?")} isOpen={doomed !== undefined} onClose={onClose}>
      <p>
        {t("Nobody will decide about it. You may ask again later.")} <code>{doomed?.policy_id}</code>
      </p>
      {remove.error ? <Failed error={remove.error} what={t("Withdrawal")} /> : null}
      <Actions>
        <Button kind="danger" onPress={() => doomed && remove.mutate(doomed)} isDisabled={remove.isPending}>
          {t("Withdraw it")}
        </Button>
        <Button onPress={onClose}>{t("Keep it")}</Button>
      </Actions>
    </Dialog>
  );
}

/** Whether the user may decide about anything. The service decides about each. */
const mayDecide = (user: User): boolean =>
  Object.values(user.authz).some((list) =>
    list.some(
      ({ service, method }) =>
        (service === "*" || service === "requestor") && (method === "*" || method === "update"),
    ),
  );

function Deciding({ user }: { user: User }) {
  const t = useText();
  const client = useQueryClient();
  const isWanted = mayDecide(user);
  const open = useQuery({ ...openRequests, enabled: isWanted });
  const columns = useColumns();
  const decision = useMutation({
    mutationFn: ({ request, status }: { request: Request; status: string }) => decide(request, status),
    onSettled: () => void client.invalidateQueries({ queryKey: ["requests"] }),
  });
  if (!isWanted) return null;
  const act = (request: Request, status: string, label: string, name: string) => (
    <Button
      kind={status === REFUSES ? "danger" : "plain"}
      aria-label={name}
      isDisabled={decision.isPending}
      onPress={() => decision.mutate({ request, status })}
    >
      {label}
    </Button>
  );
  const what = (request: Request) => ({
    user: request.username,
    what: request.resource_display_name || request.policy_id,
  });
  const all: Column<Request>[] = [
    { title: t("User"), cell: ({ username }) => username },
    ...columns,
    {
      title: t("Decision"),
      cell: (request) => (
        <Actions>
          {act(request, GIVES, t("Grant"), t("Grant {user}: {what}", what(request)))}
          {act(request, REFUSES, t("Refuse"), t("Refuse {user}: {what}", what(request)))}
        </Actions>
      ),
    },
  ];
  return (
    <Part title={t("To be decided")}>
      <Stack>
        {open.isPending ? <Loading lines={3} /> : null}
        {open.error ? (
          <Failed error={open.error} what={t("To be decided")} retry={() => void open.refetch()} />
        ) : null}
        {decision.error ? <Failed error={decision.error} what={t("Decision")} /> : null}
        {open.data?.length === 0 ? <Empty title={t("No request waits for a decision")} /> : null}
        {open.data?.length ? (
          <Table
            label={t("To be decided")}
            columns={all}
            rows={open.data}
            keyOf={(request) => request.request_id}
          />
        ) : null}
      </Stack>
    </Part>
  );
}
