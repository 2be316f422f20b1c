// The data dictionary: search, and the nodes by category.

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useDeferredValue, useMemo } from "react";
import { useFormats, useText } from "../../app/text.ts";
import { inWords } from "../../app/words.ts";
import {
  categories,
  type Hit,
  type Dictionary as Model,
  type Node,
  search,
} from "../../features/dictionary/model.ts";
import { dictionaryQuery, templateHref } from "../../features/dictionary/query.ts";
import { ButtonLink, SearchBox } from "../../ui/controls.tsx";
import { Page, Part, Row } from "../../ui/page.tsx";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import css from "./page.module.css";

const GraphView = lazy(() => import("./graph.tsx").then(({ GraphView }) => ({ default: GraphView })));
const Compare = lazy(() => import("./compare.tsx").then(({ Compare }) => ({ default: Compare })));

const MOST = 200;

export function Dictionary() {
  const t = useText();
  const { q = "", view } = useSearch({ from: "/dd" });
  const navigate = useNavigate({ from: "/dd" });
  const setWords = (words: string) =>
    void navigate({ search: { q: words || undefined, view }, replace: true });
  return (
    <Page
      title={t("Data dictionary")}
      lead={t("What kinds of records this commons has, what is said of each, and how they hang together.")}
      actions={
        <ButtonLink href="/api/v0/submission/template?format=tsv" download>
          {t("All templates")}
        </ButtonLink>
      }
    >
      <Views view={view} />
      {view === "diff" ? (
        <Suspense fallback={<Loading />}>
          <Compare />
        </Suspense>
      ) : (
        <Looking view={view} words={q} onWords={setWords} />
      )}
    </Page>
  );
}

function Views({ view }: { view: "graph" | "diff" | undefined }) {
  const t = useText();
  const views = [
    { name: undefined, label: t("Table") },
    { name: "graph" as const, label: t("Graph") },
    { name: "diff" as const, label: t("Comparison") },
  ];
  return (
    <nav className={css.views} aria-label={t("Views of the dictionary")}>
      {views.map(({ name, label }) => (
        <Link
          key={label}
          to="/dd"
          search={{ view: name }}
          activeOptions={{ exact: true, includeSearch: true }}
          aria-current={name === view ? "page" : undefined}
        >
          {label}
        </Link>
      ))}
    </nav>
  );
}

function Looking(props: { view: "graph" | undefined; words: string; onWords: (words: string) => void }) {
  const t = useText();
  const { view, words: q, onWords: setWords } = props;
  const dictionary = useQuery(dictionaryQuery);
  return (
    <>
      <Row>
        <SearchBox
          label={t("Search nodes, properties and values")}
          value={q}
          onChange={setWords}
          placeholder={t("for example: age at diagnosis")}
        />
      </Row>
      {dictionary.isPending ? <Loading lines={6} /> : null}
      {dictionary.error ? (
        <Failed
          error={dictionary.error}
          what={t("Data dictionary")}
          retry={() => void dictionary.refetch()}
        />
      ) : null}
      {dictionary.data && view === "graph" && q === "" ? (
        <Suspense fallback={<Loading />}>
          <GraphView dictionary={dictionary.data} />
        </Suspense>
      ) : null}
      {dictionary.data && (view !== "graph" || q !== "") ? (
        <Found dictionary={dictionary.data} words={q} />
      ) : null}
    </>
  );
}

function Found({ dictionary, words }: { dictionary: Model; words: string }) {
  const deferred = useDeferredValue(words.trim());
  const hits = useMemo(() => search(dictionary, deferred, MOST), [dictionary, deferred]);
  return deferred ? <Hits hits={hits} words={deferred} /> : <Categories dictionary={dictionary} />;
}

function Categories({ dictionary }: { dictionary: Model }) {
  const t = useText();
  const { number } = useFormats();
  const columns: Column<Node>[] = [
    { title: t("Node"), isHeader: true, cell: (node) => <NodeLink node={node} /> },
    { title: t("What it is"), cell: (node) => node.description },
    { title: t("Links to"), cell: (node) => <Targets node={node} /> },
    { title: t("Properties"), isNumber: true, cell: (node) => number(node.properties.length) },
    { title: t("Template"), cell: (node) => <Templates node={node} /> },
  ];
  return (
    <>
      {categories(dictionary.filter(({ category }) => category !== "internal")).map(([name, nodes]) => (
        <Part key={name} title={name ? inWords(name) : t("Other")}>
          <Table label={inWords(name)} columns={columns} rows={nodes} keyOf={(node) => node.id} />
        </Part>
      ))}
    </>
  );
}

function NodeLink({ node }: { node: Node }) {
  return (
    <Link to="/dd/$node" params={{ node: node.id }}>
      {node.id}
    </Link>
  );
}

function Targets({ node }: { node: Node }) {
  return node.links.map((link, index) => (
    <span key={link.name}>
      {index > 0 ? ", " : ""}
      <Link to="/dd/$node" params={{ node: link.target }}>
        {link.target}
      </Link>
    </span>
  ));
}

export function Templates({ node }: { node: Node }) {
  const t = useText();
  if (!node.isSubmittable) return null;
  const name = (format: string) => t("{format} template of {node}", { format, node: node.id });
  return (
    <span className="whole">
      <a href={templateHref(node.id, "tsv")} download aria-label={name("TSV")}>
        TSV
      </a>{" "}
      ·{" "}
      <a href={templateHref(node.id, "json")} download aria-label={name("JSON")}>
        JSON
      </a>
    </span>
  );
}

function Hits({ hits, words }: { hits: Hit[]; words: string }) {
  const t = useText();
  const columns: Column<Hit>[] = [
    { title: t("Name"), isHeader: true, cell: (hit) => <HitLink hit={hit} /> },
    { title: t("Kind"), cell: ({ property }) => (property ? property.type : t("node")) },
    { title: t("What it is"), cell: ({ node, property }) => (property ?? node).description },
  ];
  return (
    <>
      <p role="status" className="quiet">
        {hits.length >= MOST
          ? t("More than {count} matches; the first are shown", { count: MOST })
          : t("{count, plural, =0 {No match} one {# match} other {# matches}}", { count: hits.length })}
      </p>
      {hits.length > 0 ? (
        <Table
          label={t("Matches")}
          columns={columns}
          rows={hits}
          keyOf={({ node, property }) => `${node.id}.${property?.name ?? ""}`}
        />
      ) : (
        <Empty title={t("Nothing in the dictionary has “{words}”", { words })}>
          <p className="quiet">
            {t("Every word must be in the name, the description or the values. Try fewer.")}
          </p>
        </Empty>
      )}
    </>
  );
}

function HitLink({ hit: { node, property } }: { hit: Hit }) {
  if (!property) return <NodeLink node={node} />;
  return (
    <>
      <span className="quiet">{node.id}.</span>
      <Link to="/dd/$node/$property" params={{ node: node.id, property: property.name }}>
        {property.name}
      </Link>
    </>
  );
}
