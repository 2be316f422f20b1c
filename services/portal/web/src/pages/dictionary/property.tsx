// A property of a node: what it means, and which values it takes.

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useText } from "../../app/text.ts";
import type { Node, Property } from "../../features/dictionary/model.ts";
import { dictionaryQuery } from "../../features/dictionary/query.ts";
import { SearchBox } from "../../ui/controls.tsx";
import { Page, Part, Row } from "../../ui/page.tsx";
import { Failed, Loading } from "../../ui/states.tsx";
import { Facts, Table } from "../../ui/table.tsx";
import { Above, Unknown } from "./node.tsx";

/** From how many values on they have a search of their own. */
const MANY = 12;

export function PropertyPage() {
  const t = useText();
  const names = useParams({ from: "/dd/$node/$property" });
  const dictionary = useQuery(dictionaryQuery);
  const node = dictionary.data?.find((node) => node.id === names.node.toLowerCase());
  const property = node?.properties.find(
    (property) => property.name.toLowerCase() === names.property.toLowerCase(),
  );
  if (dictionary.data && !(node && property)) return <Unknown id={`${names.node}.${names.property}`} />;
  if (node && property) return <Known node={node} property={property} dictionary={dictionary.data ?? []} />;
  return (
    <Page title={names.property} above={<Above />}>
      {dictionary.error ? <Failed error={dictionary.error} what={t("Data dictionary")} /> : <Loading />}
    </Page>
  );
}

function Known({ node, property, dictionary }: { node: Node; property: Property; dictionary: Node[] }) {
  const t = useText();
  const alike = dictionary.filter(
    (other) => other.id !== node.id && other.properties.some(({ name }) => name === property.name),
  );
  const { term, minimum, maximum } = property;
  return (
    <Page
      title={property.name}
      above={
        <>
          <Above /> /{" "}
          <Link to="/dd/$node" params={{ node: node.id }}>
            {node.id}
          </Link>
        </>
      }
      lead={property.description || t("The dictionary does not describe this property.")}
    >
      <Facts
        facts={[
          [t("Type"), property.type],
          [
            t("Given by"),
            property.isSystem ? t("the system") : property.isRequired ? t("you, required") : t("you"),
          ],
          [t("Least"), minimum],
          [t("Greatest"), maximum],
          [t("Pattern"), property.pattern ? <code>{property.pattern}</code> : undefined],
          [
            t("Term"),
            term ? (
              <>
                {term.url ? <a href={term.url}>{term.name}</a> : term.name}{" "}
                <span className="quiet">{term.source}</span>
              </>
            ) : undefined,
          ],
          [
            t("In a filter"),
            <code key="filter">{`{ ${node.id}(${property.name}: …) { ${property.name} } }`}</code>,
          ],
          [
            t("Also in"),
            alike.length > 0
              ? alike.slice(0, 20).map((other, index) => (
                  <span key={other.id}>
                    {index > 0 ? ", " : ""}
                    <Link to="/dd/$node/$property" params={{ node: other.id, property: property.name }}>
                      {other.id}
                    </Link>
                  </span>
                ))
              : undefined,
          ],
        ]}
      />
      {property.values.length > 0 ? <Values values={property.values} /> : null}
    </Page>
  );
}

function Values({ values }: { values: string[] }) {
  const t = useText();
  const [words, setWords] = useState("");
  const wanted = words.trim().toLowerCase();
  const rows = values.filter((value) => value.toLowerCase().includes(wanted));
  return (
    <Part title={t("{count, plural, one {# value} other {# values}}", { count: values.length })}>
      {values.length > MANY ? (
        <Row>
          <SearchBox label={t("Search these values")} value={words} onChange={setWords} />
        </Row>
      ) : null}
      <Table
        label={t("Values")}
        columns={[{ title: t("Value"), isHeader: true, cell: (value: string) => value }]}
        rows={rows}
        keyOf={(value) => value}
      />
    </Part>
  );
}
