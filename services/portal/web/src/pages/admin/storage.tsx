// Where the objects of the commons are: whether each store can be used, what is in it, and what is archived.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleAlert, CircleCheck, CircleHelp } from "lucide-react";
import { type Say, useFormats, useText } from "../../app/text.ts";
import {
  type Archive,
  type Index,
  isNearlyFull,
  type Kept,
  keptOf,
  type Other,
  type Reach,
  type Store,
  storageQuery,
} from "../../features/administration/storage.ts";
import { Part } from "../../ui/page.tsx";
import { Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { AdminPage } from "./frame.tsx";
import css from "./page.module.css";

export function StoragePage() {
  const t = useText();
  return (
    <AdminPage
      area="storage"
      lead={t("Where the bytes are: whether each store can be used, and how much is in it.")}
    >
      {() => <Known />}
    </AdminPage>
  );
}

function Known() {
  const t = useText();
  const storage = useQuery(storageQuery);
  if (storage.error && !storage.data) {
    return <Failed error={storage.error} what={t("Storage")} retry={() => void storage.refetch()} />;
  }
  if (!storage.data) return <Loading lines={6} />;
  const { stores, looked, index, archive } = storage.data;
  return (
    <>
      {storage.error ? (
        <Notice kind="caution">{t("This is from before; asking again failed.")}</Notice>
      ) : null}
      <Stores stores={stores} looked={looked} index={index} />
      {index.others?.length ? <Others others={index.others} hasMore={index.has_more ?? false} /> : null}
      <Archived archive={archive ?? undefined} />
    </>
  );
}

const kindsOf = (t: Say): Record<string, string> => ({
  embedded: t("of this commons"),
  s3: "S3",
  google: "Google Cloud Storage",
  azure: "Azure Blob Storage",
  folder: t("folder"),
});

const purposesOf = (t: Say): Record<string, string> => ({
  uploads: t("uploads"),
  files: t("files that are there already"),
  archive: t("archive"),
  exports: t("exports"),
  manifests: t("lists of files"),
  tasks: t("outputs of tasks"),
});

function Stores({ stores, looked, index }: { stores: Store[]; looked: string; index: Index }) {
  const t = useText();
  const { number, bytes, time } = useFormats();
  const [kinds, purposes] = [kindsOf(t), purposesOf(t)];
  const columns: Column<Store>[] = [
    {
      title: t("Store"),
      isHeader: true,
      cell: ({ url, endpoint, region }) => (
        <span className={css.name}>
          {url}
          <span className="quiet small"> {[endpoint, region].filter(Boolean).join(", ")}</span>
        </span>
      ),
    },
    { title: t("Kind"), cell: ({ kind }) => kinds[kind] ?? kind },
    {
      title: t("Used for"),
      cell: ({ purposes: own, tier, storage_class }) => (
        <>
          {own.map((purpose) => purposes[purpose] ?? purpose).join(", ")}
          {tier ? (
            <span className="quiet small"> {[tier, storage_class].filter(Boolean).join(", ")}</span>
          ) : null}
        </>
      ),
    },
    { title: t("State"), cell: ({ reach }) => <Reached reach={reach} /> },
    {
      title: t("Records"),
      isNumber: true,
      cell: ({ held }) => (held ? number(held.records) : <Unknown />),
    },
    {
      title: t("Size"),
      isNumber: true,
      cell: ({ held }) => (held ? <span className="whole">{bytes(held.bytes)}</span> : <Unknown />),
    },
    { title: t("Free"), isNumber: true, cell: (store) => <Free store={store} /> },
  ];
  return (
    <Part title={t("Stores")}>
      {stores.length === 0 ? (
        <Empty title={t("No store is known here")}>
          <p className="quiet">
            {t("Operations are told of stores by the operator, as fence is (FENCE_CONFIG_PATH).")}
          </p>
        </Empty>
      ) : (
        <Table label={t("Stores")} columns={columns} rows={stores} keyOf={({ url }) => url} />
      )}
      <p role="status" className="quiet small">
        {t("The stores were looked at on {time}.", { time: time(looked) })} <CountedAt index={index} />
      </p>
      {index.nowhere && index.nowhere.records > 0 ? (
        <p className="quiet small">
          {t("{count, plural, one {# record has} other {# records have}} no place at all.", {
            count: index.nowhere.records,
          })}
        </p>
      ) : null}
    </Part>
  );
}

/** Of when the figures are, or why there are none. */
function CountedAt({ index }: { index: Index }) {
  const t = useText();
  const { time } = useFormats();
  const { state, why, counted, counting } = index;
  const words = [
    counted ? t("The file index was counted on {time}.", { time: time(counted) }) : "",
    counting ? t("It is being counted now.") : "",
    state === "failed" ? t("The last count failed: {why}.", { why: why ?? "" }) : "",
    state === "unknown" ? t("Nothing was counted: {why}.", { why: why ?? "" }) : "",
  ];
  return words.filter(Boolean).join(" ");
}

function Unknown() {
  const t = useText();
  return <span className="quiet">{t("unknown")}</span>;
}

const SIGNS = { reached: CircleCheck, unreached: CircleAlert, unknown: CircleHelp };

function Reached({ reach: { state, why } }: { reach: Reach }) {
  const t = useText();
  const Sign = SIGNS[state];
  const looks = { reached: css.good, unreached: css.bad, unknown: css.quiet };
  const words = {
    reached: t("can be used"),
    unreached: t("cannot be used"),
    unknown: t("unknown"),
  };
  return (
    <>
      <span className={`${css.state} ${looks[state] ?? ""}`}>
        <Sign size={16} aria-hidden /> {words[state]}
      </span>
      {why ? <span className={`${css.words} quiet small`}>{why}</span> : null}
    </>
  );
}

function Free({ store }: { store: Store }) {
  const t = useText();
  const { bytes } = useFormats();
  const { free, capacity } = store;
  if (free === null || free === undefined) {
    return capacity ? (
      <span className="quiet whole">{t("{size} at most", { size: bytes(capacity) })}</span>
    ) : (
      <Unknown />
    );
  }
  const size = <span className="whole">{bytes(free)}</span>;
  return isNearlyFull(store) ? (
    <>
      {size} <strong className="whole">{t("nearly full")}</strong>
    </>
  ) : (
    size
  );
}

function Others({ others, hasMore }: { others: Other[]; hasMore: boolean }) {
  const t = useText();
  const { number, bytes } = useFormats();
  const columns: Column<Other>[] = [
    {
      title: t("Place"),
      isHeader: true,
      cell: ({ url }) => <span className={css.name}>{url || t("no address")}</span>,
    },
    { title: t("Records"), isNumber: true, cell: ({ records }) => number(records) },
    {
      title: t("Size"),
      isNumber: true,
      cell: (other) => <span className="whole">{bytes(other.bytes)}</span>,
    },
  ];
  return (
    <Part title={t("Elsewhere")}>
      <p className="quiet small">
        {t(
          "What records name beside these stores. This commons does not reach it, or was not told that it does.",
        )}
      </p>
      <Table label={t("Elsewhere")} columns={columns} rows={others} keyOf={({ url }) => url} />
      {hasMore ? <p className="quiet small">{t("There are more of them, with less in them.")}</p> : null}
    </Part>
  );
}

const statesOf = (t: Say): Record<string, string> => ({
  copied: t("copied"),
  archived: t("archived, beside its source"),
  deleting: t("the source is being deleted"),
  deleted: t("here only"),
  restoring: t("is being brought back"),
  restored: t("brought back for a while"),
});

function Archived({ archive }: { archive: Archive | undefined }) {
  const t = useText();
  const { number, bytes } = useFormats();
  const states = statesOf(t);
  const columns: Column<Kept>[] = [
    {
      title: t("Tier"),
      isHeader: true,
      cell: ({ tier }) => (
        <>
          {tier.name} {tier.default ? <span className="quiet small">{t("the usual one")}</span> : null}
        </>
      ),
    },
    {
      title: t("How it keeps"),
      cell: ({ tier }) =>
        tier.storage_class ? (
          <>
            {tier.storage_class}{" "}
            {tier.packed ? <span className="quiet small">{t("in tar files")}</span> : null}
          </>
        ) : (
          <span className="quiet">{t("no longer configured")}</span>
        ),
    },
    {
      title: t("State"),
      cell: ({ copies }) => (copies ? (states[copies.state] ?? copies.state) : t("empty")),
    },
    { title: t("Files"), isNumber: true, cell: ({ copies }) => number(copies?.files ?? 0) },
    {
      title: t("Size"),
      isNumber: true,
      cell: ({ copies }) => <span className="whole">{bytes(copies?.bytes ?? 0)}</span>,
    },
    {
      title: t("Damaged"),
      isNumber: true,
      cell: ({ copies }) =>
        copies?.damaged ? <strong>{number(copies.damaged)}</strong> : number(copies?.damaged ?? 0),
    },
  ];
  return (
    <Part
      title={t("Archive")}
      aside={
        archive ? (
          <Link to="/admin/runs" search={{ kind: "archive" }}>
            {t("Runs of the archive")}
          </Link>
        ) : null
      }
    >
      {archive ? (
        <Table
          label={t("Archive")}
          columns={columns}
          rows={keptOf(archive)}
          keyOf={({ tier, copies }) => `${tier.name} ${copies?.state ?? ""}`}
        />
      ) : (
        <Empty title={t("There is no archive")}>
          <p className="quiet">
            {t("The operator names its tiers at the start:")} <code>--archive-tiers FILE</code>
          </p>
        </Empty>
      )}
    </Part>
  );
}
