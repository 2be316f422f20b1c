// A node of the dictionary: its links and properties.

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useText } from "../../app/text.ts";
import { inWords } from "../../app/words.ts";
import type { Dictionary, Node, Link as NodeLink, Property } from "../../features/dictionary/model.ts";
import { dictionaryQuery, templateHref } from "../../features/dictionary/query.ts";
import { CodePanel } from "../../ui/code.tsx";
import { ButtonLink, SearchBox } from "../../ui/controls.tsx";
import { Page, Part, Row } from "../../ui/page.tsx";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";

export function NodePage() {
  const t = useText();
  const { node: id } = useParams({ from: "/dd/$node" });
  const dictionary = useQuery(dictionaryQuery);
  if (dictionary.data) {
    const node = dictionary.data.find((node) => node.id === id.toLowerCase());
    return node ? <Known node={node} dictionary={dictionary.data} /> : <Unknown id={id} />;
  }
  return (
    <Page title={id} above={<Above />}>
      {dictionary.error ? (
        <Failed
          error={dictionary.error}
          what={t("Data dictionary")}
          retry={() => void dictionary.refetch()}
        />
      ) : (
        <Loading lines={6} />
      )}
    </Page>
  );
}

export function Above() {
  const t = useText();
  return <Link to="/dd">{t("Data dictionary")}</Link>;
}

export function Unknown({ id }: { id: string }) {
  const t = useText();
  return (
    <Page title={t("The dictionary has no “{id}”", { id })} above={<Above />}>
      <Link to="/dd" search={{ q: id }}>
        {t("Search for it")}
      </Link>
    </Page>
  );
}

function Known({ node, dictionary }: { node: Node; dictionary: Dictionary }) {
  const t = useText();
  const children = dictionary.filter((other) => other.links.some((link) => link.target === node.id));
  return (
    <Page
      title={node.id}
      above={
        <>
          <Above /> / {inWords(node.category)}
        </>
      }
      lead={node.description}
      actions={
        node.isSubmittable ? (
          <>
            <ButtonLink href={templateHref(node.id, "tsv")} kind="primary" download>
              {t("TSV template")}
            </ButtonLink>
            <ButtonLink href={templateHref(node.id, "json")} download>
              {t("JSON template")}
            </ButtonLink>
          </>
        ) : null
      }
    >
      <Part title={t("Links")}>
        <Links node={node} />
        {children.length > 0 ? (
          <p>
            {t("Linked from")}{" "}
            {children.map((child, index) => (
              <span key={child.id}>
                {index > 0 ? ", " : ""}
                <Link to="/dd/$node" params={{ node: child.id }}>
                  {child.id}
                </Link>
              </span>
            ))}
          </p>
        ) : null}
      </Part>
      <Properties node={node} />
      <Part title={t("For programs")}>
        <CodePanel title={t("For programs")} snippets={snippets(node.id)} />
      </Part>
    </Page>
  );
}

function Links({ node }: { node: Node }) {
  const t = useText();
  if (node.links.length === 0)
    return <p className="quiet">{t("This node links to nothing: it is a root.")}</p>;
  const columns: Column<NodeLink>[] = [
    {
      title: t("Target"),
      isHeader: true,
      cell: (link) => (
        <Link to="/dd/$node" params={{ node: link.target }}>
          {link.target}
        </Link>
      ),
    },
    { title: t("Column of tables"), cell: (link) => <code>{column(link)}</code> },
    { title: t("Meaning"), cell: (link) => link.label.replaceAll("_", " ") },
    { title: t("How many"), cell: (link) => link.multiplicity.replaceAll("_", " ") },
    { title: t("Required"), cell: (link) => (link.isRequired ? t("yes") : "") },
  ];
  return <Table label={t("Links")} columns={columns} rows={node.links} keyOf={(link) => link.name} />;
}

/** The column by which a table names the target. */
const column = (link: NodeLink): string =>
  `${link.name}.${link.target === "project" ? "code" : link.target === "program" ? "name" : "submitter_id"}`;

function Properties({ node }: { node: Node }) {
  const t = useText();
  const { q = "" } = useSearch({ from: "/dd/$node" });
  const navigate = useNavigate({ from: "/dd/$node" });
  const wanted = q.trim().toLowerCase();
  const has = ({ name, description, values }: Property) =>
    [name, description, ...values].some((text) => text.toLowerCase().includes(wanted));
  const rows = wanted ? node.properties.filter(has) : node.properties;
  const columns: Column<Property>[] = [
    {
      title: t("Property"),
      isHeader: true,
      cell: (property) => (
        <Link to="/dd/$node/$property" params={{ node: node.id, property: property.name }}>
          {property.name}
        </Link>
      ),
    },
    { title: t("Type"), cell: (property) => property.type },
    {
      title: t("Given by"),
      cell: (property) =>
        property.isSystem ? t("the system") : property.isRequired ? t("you, required") : t("you"),
    },
    { title: t("What it is"), cell: (property) => <Explained property={property} /> },
  ];
  return (
    <Part title={t("Properties")}>
      <Row>
        <SearchBox
          label={t("Search these properties")}
          value={q}
          onChange={(words) => void navigate({ search: { q: words || undefined }, replace: true })}
        />
      </Row>
      <span className="unseen" role="status">
        {t("{count, plural, =0 {No match} one {# match} other {# matches}}", { count: rows.length })}
      </span>
      {rows.length > 0 ? (
        <Table label={t("Properties")} columns={columns} rows={rows} keyOf={(property) => property.name} />
      ) : (
        <Empty title={t("No property of {node} has “{words}”", { node: node.id, words: q })} />
      )}
    </Part>
  );
}

const FEW = 6;

function Explained({ property }: { property: Property }) {
  const t = useText();
  const shown = property.values.slice(0, FEW).join(", ");
  const rest = property.values.length - FEW;
  return (
    <>
      {property.description}
      {property.values.length > 0 ? (
        <div className="quiet small">
          {shown}
          {rest > 0 ? ` ${t("and {count} more", { count: rest })}` : ""}
        </div>
      ) : null}
    </>
  );
}

export function snippets(node: string): Record<string, string> {
  const path = `/api/v0/submission/_dictionary/${node}`;
  return {
    curl: `curl ${location.origin}${path}`,
    Python: `import requests\n\nnode = requests.get("${location.origin}${path}").json()\nprint(list(node["properties"]))`,
    R: `node <- jsonlite::fromJSON("${location.origin}${path}")\nnames(node$properties)`,
  };
}
