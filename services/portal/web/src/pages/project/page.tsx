// A project: what is in it, sending tables to it, and who has sent what.

import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useFormats, useText } from "../../app/text.ts";
import { countsQuery } from "../../features/counts/counts.ts";
import type { Dictionary, Node } from "../../features/dictionary/model.ts";
import { dictionaryQuery } from "../../features/dictionary/query.ts";
import { projectResource } from "../../session/explain.ts";
import { mayDo, type User, useUser } from "../../session/user.ts";
import { Page, Part } from "../../ui/page.tsx";
import { Denied, Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { Why } from "../../ui/why.tsx";
import { Log } from "./log.tsx";
import { projectQuery } from "./query.ts";
import { Upload } from "./upload.tsx";

export function ProjectPage() {
  const t = useText();
  const { project } = useParams({ from: "/$project" });
  const { user, isKnown } = useUser();
  return (
    <>
      {isKnown && user ? (
        <Known id={project} user={user} />
      ) : (
        <Page title={project} above={<Link to="/submission">{t("Projects")}</Link>}>
          {isKnown ? <Denied what={project} /> : <Loading />}
        </Page>
      )}
    </>
  );
}

function Known({ id, user }: { id: string; user: User }) {
  const t = useText();
  const project = useQuery(projectQuery(id));
  const dictionary = useQuery(dictionaryQuery);
  const above = <Link to="/submission">{t("Projects")}</Link>;
  const failed = project.error ?? dictionary.error;
  if (failed) {
    return (
      <Page title={id} above={above}>
        <Failed error={failed} what={id} retry={() => void project.refetch()} />
      </Page>
    );
  }
  if (project.data === undefined || !dictionary.data) {
    return (
      <Page title={id} above={above}>
        <Loading />
      </Page>
    );
  }
  if (project.data === null) {
    return (
      <Page title={id} above={above}>
        <Empty title={t("There is no project “{id}”, or you have no right to see it", { id })}>
          <Link to="/submission">{t("Projects that you may see")}</Link>
          <Why need={{ resource: projectResource(id), method: "read", service: "peregrine" }} />
        </Empty>
      </Page>
    );
  }
  const { program, code, name, state } = project.data;
  const resource = `/programs/${program}/projects/${code}`;
  const may = (method: string) => mayDo(user.authz, resource, method, "sheepdog");
  return (
    <Page
      title={id}
      above={above}
      lead={
        <>
          {name} {state ? <span>· {t("state: {state}", { state })}</span> : null}
        </>
      }
    >
      <Part title={t("Submit records")}>
        {may("create") || may("update") ? (
          <Upload
            program={program}
            code={code}
            project={id}
            user={user.username}
            dictionary={dictionary.data}
          />
        ) : (
          <Notice kind="denied">
            <strong>{t("You may read this project, and not write to it")}</strong>
            <span>
              {t("It takes the right to create or to update records on the resource")} <code>{resource}</code>
            </span>
            <Why
              need={{ resource, method: "create", service: "sheepdog" }}
              label={t("Why can’t I submit?")}
            />
          </Notice>
        )}
      </Part>
      <Records project={id} program={program} code={code} dictionary={dictionary.data} />
      <Log project={id} program={program} code={code} />
    </Page>
  );
}

/** Whether records of the node belong to projects. */
const isOfProject = (node: Node): boolean =>
  node.id !== "project" && node.properties.some((property) => property.name === "project_id");

type Line = { node: Node; count: number };

function Records(props: { project: string; program: string; code: string; dictionary: Dictionary }) {
  const t = useText();
  const { number } = useFormats();
  const { project, program, code, dictionary } = props;
  const nodes = dictionary.filter(isOfProject).map((node) => node.id);
  const counts = useQuery(countsQuery([project], nodes));
  const own = counts.data?.get(project);
  const lines: Line[] = dictionary
    .map((node) => ({ node, count: own?.get(node.id) ?? 0 }))
    .filter(({ count }) => count > 0);
  const exported = (node: Node, format: string) =>
    `/api/v0/submission/${encodeURIComponent(program)}/${encodeURIComponent(code)}/export?node_label=${node.id}&format=${format}`;
  const columns: Column<Line>[] = [
    {
      title: t("Node"),
      isHeader: true,
      cell: ({ node }) => (
        <Link to="/dd/$node" params={{ node: node.id }}>
          {node.id}
        </Link>
      ),
    },
    { title: t("Records"), isNumber: true, cell: ({ count }) => number(count) },
    {
      title: t("All of them as"),
      cell: ({ node }) => (
        <>
          <a
            href={exported(node, "tsv")}
            download={`${project}-${node.id}.tsv`}
            aria-label={t("{node} as TSV", { node: node.id })}
          >
            TSV
          </a>{" "}
          ·{" "}
          <a
            href={exported(node, "json")}
            download={`${project}-${node.id}.json`}
            aria-label={t("{node} as JSON", { node: node.id })}
          >
            JSON
          </a>
        </>
      ),
    },
  ];
  return (
    <Part title={t("Records")}>
      {counts.isPending ? <Loading lines={3} /> : null}
      {counts.error ? (
        <Failed error={counts.error} what={t("Records")} retry={() => void counts.refetch()} />
      ) : null}
      {counts.data && lines.length === 0 ? (
        <Empty title={t("This project has no records yet")}>
          <p className="quiet">{t("Take a template of the dictionary, fill it, and submit it here.")}</p>
        </Empty>
      ) : null}
      {lines.length > 0 ? (
        <Table label={t("Records")} columns={columns} rows={lines} keyOf={({ node }) => node.id} />
      ) : null}
    </Part>
  );
}
