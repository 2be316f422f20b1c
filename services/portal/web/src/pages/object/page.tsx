// A DRS object: an object of data with the ways to its bytes, or a bundle with what is in it.

import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import * as v from "valibot";
import { ask } from "../../api/client.ts";
import { Problem } from "../../api/problem.ts";
import { useFormats, useText } from "../../app/text.ts";
import { useUser } from "../../session/user.ts";
import { CodePanel, CopyButton } from "../../ui/code.tsx";
import { Button, ButtonLink } from "../../ui/controls.tsx";
import { Page, Part } from "../../ui/page.tsx";
import { Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Facts, Table } from "../../ui/table.tsx";
import ui from "../../ui/ui.module.css";

const text = v.nullish(v.string());
const Method = v.object({
  type: text,
  access_id: text,
  region: text,
  available: v.nullish(v.boolean()),
});
type Method = v.InferOutput<typeof Method>;

type Content = { id?: string | null | undefined; name: string; contents?: Content[] | null | undefined };
const Content: v.GenericSchema<Content> = v.object({
  id: text,
  name: v.string(),
  contents: v.nullish(v.array(v.lazy(() => Content))),
});

const DrsObject = v.object({
  id: v.string(),
  name: text,
  self_uri: text,
  size: v.nullish(v.number()),
  version: text,
  description: text,
  mime_type: text,
  created_time: text,
  updated_time: text,
  checksums: v.optional(v.array(v.object({ checksum: v.string(), type: v.string() })), []),
  access_methods: v.optional(v.array(Method), []),
  contents: v.optional(v.nullable(v.array(Content)), []),
  aliases: v.optional(v.nullable(v.array(v.string())), []),
});
type DrsObject = v.InferOutput<typeof DrsObject>;

const kept = (guid: string): string => guid.split("/").map(encodeURIComponent).join("/");
const PATH = "/ga4gh/drs/v1/objects";

export function ObjectPage() {
  const t = useText();
  const { _splat: guid = "" } = useParams({ from: "/objects/$" });
  const object = useQuery({
    queryKey: ["drs", "expanded", guid],
    queryFn: async ({ signal }) =>
      v.parse(DrsObject, await ask(`${PATH}/${kept(guid)}?expand=true`, { signal })),
  });
  const known = object.data;
  if (object.error instanceof Problem && object.error.status === 404) {
    return (
      <Page title={guid} above={t("Object")}>
        <Empty title={t("This commons has no object of this id")}>
          <p className="quiet">{t("It may be one of another commons, or one that was deleted.")}</p>
        </Empty>
      </Page>
    );
  }
  return (
    <Page
      title={known?.name || guid}
      above={
        <>
          {t("Object")} · <code>{guid}</code>
        </>
      }
      actions={
        known && !known.contents?.length ? (
          <ButtonLink href={`/files/${kept(guid)}`}>{t("File")}</ButtonLink>
        ) : null
      }
    >
      {object.isPending ? <Loading /> : null}
      {object.error ? (
        <Failed error={object.error} what={t("Object")} retry={() => void object.refetch()} />
      ) : null}
      {known ? (
        <>
          <Record object={known} />
          {known.contents?.length ? (
            <Part title={t("What is in it")}>
              <Tree contents={known.contents} />
            </Part>
          ) : (
            <Access object={known} />
          )}
          <Part title={t("For programs")}>
            <CodePanel title={t("For programs")} snippets={snippets(guid)} />
          </Part>
        </>
      ) : null}
    </Page>
  );
}

function Record({ object }: { object: DrsObject }) {
  const t = useText();
  const { bytes, number, time } = useFormats();
  const uri = object.self_uri;
  return (
    <Part title={t("Record")}>
      <Facts
        facts={[
          [t("Kind"), object.contents?.length ? t("bundle") : t("object of data")],
          [
            t("DRS"),
            uri ? (
              <>
                <code>{uri}</code> <CopyButton text={uri} label={t("Copy the DRS address")} />
              </>
            ) : null,
          ],
          [t("Description"), object.description],
          [
            t("Size"),
            typeof object.size === "number" ? `${bytes(object.size)} (${number(object.size)})` : undefined,
          ],
          ...object.checksums.map(({ type, checksum }): [string, React.ReactNode] => [
            type,
            <code key={type}>{checksum}</code>,
          ]),
          [t("Version"), object.version],
          [t("Other names"), object.aliases?.join(", ")],
          [t("Created"), object.created_time ? time(object.created_time) : undefined],
          [t("Changed"), object.updated_time ? time(object.updated_time) : undefined],
        ]}
      />
    </Part>
  );
}

/** What a bundle has, and what the bundles in it have. */
function Tree({ contents }: { contents: Content[] }) {
  const t = useText();
  return (
    <ul className={ui.tree} aria-label={t("What is in it")}>
      <Items contents={contents} />
    </ul>
  );
}

function Items({ contents }: { contents: Content[] }) {
  const t = useText();
  return contents.map((item) => (
    <li key={item.id ?? item.name}>
      <div>
        {item.id ? (
          <Link to="/objects/$" params={{ _splat: item.id }}>
            {item.name || item.id}
          </Link>
        ) : (
          item.name
        )}
        {item.contents?.length ? <span className="quiet">{t("bundle")}</span> : null}
      </div>
      {item.contents?.length ? (
        <ul>
          <Items contents={item.contents} />
        </ul>
      ) : null}
    </li>
  ));
}

const Signed = v.object({ url: v.string() });

function Access({ object }: { object: DrsObject }) {
  const t = useText();
  const { user } = useUser();
  const [signed, setSigned] = useState<{ id: string; url: string }>();
  const sign = useMutation({
    mutationFn: async (id: string) => {
      const path = `${PATH}/${kept(object.id)}/access/${encodeURIComponent(id)}`;
      return { id, url: v.parse(Signed, await ask(path)).url };
    },
    onSuccess: setSigned,
  });
  const columns: Column<Method>[] = [
    {
      title: t("Way"),
      isHeader: true,
      cell: ({ type, region }) => [type, region].filter(Boolean).join(", "),
    },
    {
      title: t("State"),
      cell: ({ available }) =>
        available === false ? t("archived: it has to be fetched back first") : t("can be had"),
    },
    {
      title: t("Action"),
      cell: ({ access_id, type }) =>
        access_id && user ? (
          <Button
            kind="bare"
            aria-label={t("Make a signed address by {way}", { way: type ?? access_id })}
            isDisabled={sign.isPending}
            onPress={() => sign.mutate(access_id)}
          >
            {t("Make a signed address")}
          </Button>
        ) : null,
    },
  ];
  return (
    <Part title={t("Ways to its bytes")}>
      {object.access_methods.length === 0 ? (
        <Empty title={t("There is none: its bytes have not arrived, or are elsewhere")} />
      ) : (
        <Table
          label={t("Ways to its bytes")}
          columns={columns}
          rows={object.access_methods}
          keyOf={({ type, access_id }) => `${type} ${access_id}`}
        />
      )}
      {sign.error ? <Failed error={sign.error} what={t("Signed address")} /> : null}
      <div role="status">
        {signed ? (
          <Notice kind="good">
            <strong>{t("Who has this address may download it until it ends. Keep it to yourself.")}</strong>
            <a href={signed.url} rel="noreferrer">
              {t("Download")}
            </a>
            <CopyButton text={signed.url} label={t("Copy the signed address")} />
          </Notice>
        ) : null}
      </div>
    </Part>
  );
}

function snippets(guid: string): Record<string, string> {
  const url = `${location.origin}${PATH}/${kept(guid)}`;
  return {
    curl: `curl "${url}?expand=true"`,
    Python: `import requests\n\nprint(requests.get("${url}", params={"expand": "true"}).json())`,
  };
}
