// A file: what is known of it, who may have it, and the way to its bytes.

import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import * as v from "valibot";
import { ask } from "../../api/client.ts";
import { Problem } from "../../api/problem.ts";
import { useFormats, useText } from "../../app/text.ts";
import { loginHref, mayDo, useUser } from "../../session/user.ts";
import { CodePanel, CopyButton } from "../../ui/code.tsx";
import { ButtonLink } from "../../ui/controls.tsx";
import { Page, Part } from "../../ui/page.tsx";
import { Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { Facts } from "../../ui/table.tsx";
import { Why } from "../../ui/why.tsx";
import { utc } from "../project/log.tsx";

const text = v.nullish(v.string());
const Entry = v.object({
  did: v.string(),
  file_name: text,
  size: v.nullish(v.number()),
  hashes: v.optional(v.nullable(v.record(v.string(), v.string())), {}),
  urls: v.optional(v.array(v.string()), []),
  authz: v.optional(v.nullable(v.array(v.string())), []),
  version: text,
  baseid: text,
  form: text,
  uploader: text,
  created_date: text,
  updated_date: text,
});
type Entry = v.InferOutput<typeof Entry>;

const Drs = v.object({
  self_uri: text,
  name: text,
  mime_type: text,
  access_methods: v.optional(v.array(v.object({ type: text, access_id: text })), []),
  contents: v.optional(
    v.array(v.object({ id: text, name: v.string(), drs_uri: v.optional(v.unknown()) })),
    [],
  ),
});

const kept = (guid: string): string => guid.split("/").map(encodeURIComponent).join("/");

function useFile(guid: string) {
  const entry = useQuery({
    queryKey: ["file", guid],
    queryFn: async ({ signal }) => v.parse(Entry, await ask(`/index/index/${kept(guid)}`, { signal })),
  });
  const drs = useQuery({
    queryKey: ["drs", guid],
    queryFn: async ({ signal }) => v.parse(Drs, await ask(`/ga4gh/drs/v1/objects/${kept(guid)}`, { signal })),
  });
  return { entry, drs };
}

export function FilePage() {
  const t = useText();
  const { _splat: guid = "" } = useParams({ from: "/files/$" });
  const { entry, drs } = useFile(guid);
  if (entry.error instanceof Problem && entry.error.status === 404) {
    return (
      <Page title={guid} above={t("File")}>
        <Empty title={t("The index of this commons has no file of this id")}>
          <p className="quiet">{t("It may be a record that was deleted, or a file of another commons.")}</p>
        </Empty>
      </Page>
    );
  }
  const known = entry.data;
  return (
    <div className="core-metadata-page">
      <Page
        title={known?.file_name || drs.data?.name || guid}
        above={
          <>
            {t("File")} · <code>{guid}</code>
          </>
        }
        actions={known ? <Download entry={known} /> : null}
      >
        {entry.isPending ? <Loading /> : null}
        {entry.error ? (
          <Failed error={entry.error} what={t("File")} retry={() => void entry.refetch()} />
        ) : null}
        {known ? (
          <>
            <Access entry={known} />
            <Record entry={known} />
            <Citation guid={guid} />
            <Part title={t("For programs")}>
              <CodePanel title={t("For programs")} snippets={snippets(guid, known.file_name ?? "file")} />
            </Part>
          </>
        ) : null}
      </Page>
    </div>
  );
}

const isOpen = (entry: Entry): boolean =>
  entry.authz?.some((path) => path === "/open" || path.startsWith("/open/")) ?? false;

function Download({ entry }: { entry: Entry }) {
  const t = useText();
  const { user } = useUser();
  if (entry.urls.length === 0) return null;
  const here = `${location.pathname}${location.search}`;
  if (!user && !isOpen(entry)) {
    return (
      <ButtonLink kind="primary" href={loginHref(here)}>
        {t("Login to download")}
      </ButtonLink>
    );
  }
  return (
    <ButtonLink kind="primary" href={`/user/data/download/${kept(entry.did)}?redirect=true`}>
      {t("Download")}
    </ButtonLink>
  );
}

function Access({ entry }: { entry: Entry }) {
  const t = useText();
  if (entry.urls.length === 0) {
    return (
      <Notice kind="caution">
        <strong>{t("The bytes of this file have not arrived yet")}</strong>
        <span>{t("The record was made before the upload. It has no place of storage so far.")}</span>
      </Notice>
    );
  }
  return (
    <>
      <Guards entry={entry} />
      <Locked entry={entry} />
    </>
  );
}

/** Why somebody who has logged in may not download it. */
function Locked({ entry }: { entry: Entry }) {
  const t = useText();
  const { user } = useUser();
  const missing = entry.authz?.find((path) => !mayDo(user?.authz ?? {}, path, "read-storage", "fence"));
  if (!user || !missing || isOpen(entry)) return null;
  return (
    <Notice kind="denied">
      <strong>{t("You have no right to download this file")}</strong>
      <Why
        need={{ resource: missing, method: "read-storage", service: "fence" }}
        label={t("Why can’t I download it?")}
      />
    </Notice>
  );
}

function Guards({ entry }: { entry: Entry }) {
  const t = useText();
  const resources = entry.authz ?? [];
  return (
    <p className="quiet">
      {resources.length > 0
        ? t("Those may download it who have the right read-storage on")
        : t("No resource guards this record; who may download it is decided by its older access list.")}{" "}
      {resources.map((path) => (
        <code key={path}>{path} </code>
      ))}
    </p>
  );
}

function Record({ entry }: { entry: Entry }) {
  const t = useText();
  const { bytes, number, time } = useFormats();
  const size = entry.size;
  const uri = `drs://${location.host}/${entry.did}`;
  return (
    <Part title={t("Record")}>
      <div className="core-metadata-page__table">
        <Facts
          facts={[
            [t("GUID"), <Copied key="guid" text={entry.did} label={t("Copy the GUID")} />],
            [
              t("Size"),
              size === null || size === undefined ? undefined : (
                <span className="number">
                  {bytes(size)} <span className="quiet">({t("{count} bytes", { count: number(size) })})</span>
                </span>
              ),
            ],
            ...Object.entries(entry.hashes ?? {}).map(([name, value]): [string, React.ReactNode] => [
              name,
              <Copied key={name} text={value} label={t("Copy the {name}", { name })} />,
            ]),
            [
              t("DRS"),
              <span key="drs">
                <Copied text={uri} label={t("Copy the DRS address")} />{" "}
                <a href={`/objects/${kept(entry.did)}`}>{t("Object")}</a>
              </span>,
            ],
            [
              t("Stored at"),
              entry.urls.length > 0 ? entry.urls.map((url) => url.split(":")[0]).join(", ") : undefined,
            ],
            [t("Version"), entry.version],
            [t("Uploaded by"), entry.uploader],
            [t("Created"), entry.created_date ? time(utc(entry.created_date)) : undefined],
            [t("Changed"), entry.updated_date ? time(utc(entry.updated_date)) : undefined],
          ]}
        />
      </div>
    </Part>
  );
}

function Copied({ text, label }: { text: string; label: string }) {
  return (
    <>
      <code>{text}</code> <CopyButton text={text} label={label} />
    </>
  );
}

const Metadata = v.record(v.string(), v.unknown());
/** What the record says already. */
const KNOWN = new Set(["object_id", "file_size", "md5sum", "file_name", "citation", "id"]);

/** What the graph says of the file. */
function Citation({ guid }: { guid: string }) {
  const t = useText();
  const { user } = useUser();
  const metadata = useQuery({
    queryKey: ["coremetadata", guid],
    queryFn: async ({ signal }) =>
      v.parse(Metadata, await ask(`/api/search/coremetadata/${kept(guid)}`, { signal })),
    enabled: user !== null,
    retry: false,
  });
  if (!user) return null;
  const facts = Object.entries(metadata.data ?? {})
    .filter(
      ([name, value]) =>
        !KNOWN.has(name) && (typeof value === "string" || typeof value === "number") && value !== "",
    )
    .map(([name, value]): [string, React.ReactNode] => [name.replaceAll("_", " "), String(value)]);
  return (
    <Part title={t("In the graph")}>
      {metadata.isPending ? <Loading lines={3} /> : null}
      {metadata.error ? (
        <p className="quiet">{t("No record of the graph that you may see describes this file.")}</p>
      ) : null}
      {facts.length > 0 ? <Facts facts={facts} /> : null}
    </Part>
  );
}

function snippets(guid: string, name: string): Record<string, string> {
  const origin = location.origin;
  return {
    curl: `curl -L -o '${name.replaceAll("'", "_")}' -H "Authorization: bearer $TOKEN" \\\n  "${origin}/user/data/download/${kept(guid)}?redirect=true"`,
    Python: `from gen3.auth import Gen3Auth
from gen3.file import Gen3File

files = Gen3File(Gen3Auth(refresh_file="credentials.json"))
print(files.get_presigned_url("${guid}")["url"])`,
    "gen3-client": `gen3-client download-single --profile=commons --guid=${guid}`,
    DRS: `curl "${origin}/ga4gh/drs/v1/objects/${kept(guid)}"`,
  };
}
