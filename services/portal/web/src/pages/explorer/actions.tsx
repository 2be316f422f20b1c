// What can be done with a cohort besides looking at it: its files, a PFB, and handing it over.

import { useMutation } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useText } from "../../app/text.ts";
import type { Action, TabConfig } from "../../features/explorer/config.ts";
import { elsewhere, jobOf, manifestHref, pfb, toWorkspace } from "../../features/explorer/handover.ts";
import { type Asked, exportHref } from "../../features/explorer/query.ts";
import { loginHref, mayDo, useUser } from "../../session/user.ts";
import { Actions, Button, ButtonLink } from "../../ui/controls.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Part } from "../../ui/page.tsx";
import { Failed, Notice } from "../../ui/states.tsx";
import { Why } from "../../ui/why.tsx";

const NEED = { resource: "/sower", method: "access", service: "job" };

type Props = { asked: Asked; tab: TabConfig; names: string[]; total: number | undefined };

export function HandOver({ asked, tab, names, total }: Props) {
  const t = useText();
  const { user } = useUser();
  const [running, setRunning] = useState<Action>();
  const known = tab.actions.filter(
    (action) => jobOf(action) && (jobOf(action) !== "manifest" || tab.manifest),
  );
  if (known.length === 0) return null;
  const here = `${location.pathname}${location.search}`;
  return (
    <Part title={t("Take it along")}>
      <Actions>
        {!user ? (
          <ButtonLink href={loginHref(here)}>{t("Login to download")}</ButtonLink>
        ) : (
          known.map((action) => (
            <Button
              key={`${action.type} ${action.title}`}
              title={action.tooltip}
              isDisabled={total === 0 || total === undefined}
              onPress={() => setRunning(action)}
            >
              {action.title ?? usual(action.type)}
            </Button>
          ))
        )}
        {total === 0 ? <span className="quiet">{t("Nothing is left")}</span> : null}
      </Actions>
      {running ? (
        <Running
          key={`${running.type} ${running.title}`}
          action={running}
          title={running.title ?? usual(running.type)}
          asked={asked}
          tab={tab}
          names={names}
          onClose={() => setRunning(undefined)}
        />
      ) : null}
    </Part>
  );

  function usual(type: string): string {
    if (type === "manifest" || type === "file-manifest") return t("Download Manifest");
    if (type === "export-to-pfb" || type === "export-files-to-pfb") return t("Export to PFB");
    if (type.endsWith("workspace")) return t("Export to Workspace");
    return type.startsWith("data") ? t("Download") : t("Export");
  }
}

type Done = { href: string; isFile: boolean } | { name: string };

function Running(props: Omit<Props, "total"> & { action: Action; title: string; onClose: () => void }) {
  const t = useText();
  const { user } = useUser();
  const { action, asked, tab, names } = props;
  const control = useRef(new AbortController());
  const work = useMutation({ mutationFn: () => run(action, asked, tab, names, control.current.signal) });
  const job = jobOf(action);
  const isPfb = job?.startsWith("pfb") ?? false;
  const isDenied = isPfb && !mayDo(user?.authz ?? {}, NEED.resource, NEED.method, NEED.service);
  const close = () => {
    control.current.abort();
    props.onClose();
  };
  return (
    <Dialog title={props.title} isOpen onClose={close} isDismissable={!work.isPending}>
      {isDenied ? (
        <Notice kind="denied">
          <strong>{t("You have no right to make exports")}</strong>
          <Why need={NEED} label={t("Why can’t I export?")} />
        </Notice>
      ) : null}
      {work.isIdle && !isDenied ? <p>{told()}</p> : null}
      <div role="status">
        {work.isPending ? (
          <Notice>
            <strong>{t("Your export is in progress.")}</strong>
            <progress aria-label={t("Your export is in progress.")} />
          </Notice>
        ) : null}
        {work.data ? <Ended done={work.data} isPfb={isPfb} /> : null}
      </div>
      {work.error && !control.current.signal.aborted ? (
        <Failed error={work.error} what={props.title} />
      ) : null}
      <Actions>
        {work.isIdle && !isDenied ? (
          <Button kind="primary" autoFocus onPress={() => work.mutate()}>
            {t("Begin")}
          </Button>
        ) : null}
        <Button onPress={close}>{t("Close")}</Button>
      </Actions>
    </Dialog>
  );

  function told(): string {
    if (job === "manifest") {
      return t(
        "The files of these documents that you may read, as gen3-client reads them. There is no limit to their number.",
      );
    }
    if (job === "rows") return t("All documents that are left, with the columns of the table.");
    if (job === "manifest-workspace") return t("The list of files is put where your workspace has it.");
    return t(
      "The records behind these documents, and what hangs on them, are written as one PFB file. You may go on meanwhile.",
    );
  }
}

function Ended({ done, isPfb }: { done: Done; isPfb: boolean }) {
  const t = useText();
  if ("name" in done) {
    return (
      <Notice kind="good">
        <strong>{t("Your workspace has it")}</strong>
        <code>{done.name}</code>
      </Notice>
    );
  }
  return (
    <Notice kind="good">
      <strong>{isPfb ? t("Your cohort has been exported to PFB.") : t("It is ready")}</strong>
      {done.isFile ? (
        <a href={done.href} download>
          {isPfb ? t("Click here to download your PFB") : t("Download")}
        </a>
      ) : (
        <a href={done.href}>{t("Go on there")}</a>
      )}
    </Notice>
  );
}

async function run(
  action: Action,
  asked: Asked,
  tab: TabConfig,
  names: string[],
  signal: AbortSignal,
): Promise<Done> {
  const manifest = () => {
    if (!tab.manifest) throw new Error("manifestMapping is not configured");
    return manifestHref(asked, tab.manifest);
  };
  const kind = action.type.startsWith("export-file") ? "export-files" : "export";
  switch (jobOf(action)) {
    case "manifest":
      return { href: await manifest(), isFile: true };
    case "manifest-workspace":
      return { name: await toWorkspace({ href: await manifest() }) };
    case "pfb":
      return { href: await pfb(asked, kind, "url", signal), isFile: true };
    case "pfb-workspace":
      return { name: await toWorkspace({ guid: await pfb(asked, kind, "guid", signal) }) };
    case "pfb-elsewhere": {
      // Before anything is made that nobody could take.
      if (!elsewhere(action, tab, "")) throw new Error("no address is configured for this button");
      const url = await pfb(asked, kind, "url", signal);
      return { href: elsewhere(action, tab, url) ?? "/", isFile: false };
    }
    default: {
      const format = action.type.replace(/^data-?/, "") || "json";
      return { href: await exportHref(asked, names, undefined, format), isFile: true };
    }
  }
}
