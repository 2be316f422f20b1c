// The records that files get: a node, what is said of all of them, and what is taken from their names.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { askAny } from "../../api/client.ts";
import { useText } from "../../app/text.ts";
import { projectsQuery } from "../../features/counts/counts.ts";
import { type Dictionary, isFileNode, type Node } from "../../features/dictionary/model.ts";
import { dictionaryQuery } from "../../features/dictionary/query.ts";
import type { Entry } from "../../features/mapping/files.ts";
import { compiled } from "../../features/mapping/pattern.ts";
import { askedOf, emptyForm, type Form, type Line, linesOf } from "../../features/mapping/records.ts";
import { type Outcome, readOutcome } from "../../features/submission/answer.ts";
import { useDraft } from "../../session/drafts.ts";
import { projectResource } from "../../session/explain.ts";
import { mayDo, type User } from "../../session/user.ts";
import { Actions, Button, Choice, TextBox } from "../../ui/controls.tsx";
import { Row, Stack } from "../../ui/page.tsx";
import { Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import css from "./page.module.css";

const SHOWN = 50;
const PLACES = { stem: "{stem}", name: "{name}", ending: "{ending}", guid: "{guid}" };

type Props = { user: User; entries: Entry[]; onClose: () => void; onMapped: (count: number) => void };

export function Mapping(props: Props) {
  const t = useText();
  const projects = useQuery(projectsQuery);
  const dictionary = useQuery(dictionaryQuery);
  const failed = projects.error ?? dictionary.error;
  if (failed) return <Failed error={failed} what={t("Mapping")} />;
  if (!projects.data || !dictionary.data) return <Loading lines={4} />;
  const own = projects.data
    .map(({ id }) => id)
    .filter((id) => mayDo(props.user.authz, projectResource(id), "create", "sheepdog"));
  const nodes = dictionary.data.filter((node) => isFileNode(node) && node.isSubmittable);
  const [node] = nodes;
  if (own.length === 0 || !node) {
    return (
      <Notice kind="denied">
        <strong>{t("There is no project in which you may create records of files")}</strong>
      </Notice>
    );
  }
  return <Filled {...props} projects={own} nodes={nodes} />;
}

type Draft = { project: string; node: string; form: Form };

function Filled({
  user,
  entries,
  onClose,
  onMapped,
  projects,
  nodes,
}: Props & { projects: string[]; nodes: Dictionary }) {
  const t = useText();
  const [first] = nodes as [Node, ...Dictionary];
  const [draft, setDraft] = useDraft<Draft>("mapping", user.username, {
    project: projects[0] ?? "",
    node: first.id,
    form: emptyForm(first),
  });
  const node = nodes.find(({ id }) => id === draft.node) ?? first;
  const { form } = draft;
  const set = (change: Partial<Form>) => setDraft({ ...draft, form: { ...form, ...change } });
  const wrong = problemOf(form.pattern);
  const lines = wrong ? [] : linesOf(entries, node, form);
  return (
    <section className={`map-data-model__form ${css.form}`} aria-label={t("Mapping")}>
      <Row>
        <Choice
          label={t("Project")}
          value={draft.project}
          onChange={(project) => setDraft({ ...draft, project })}
          options={projects.map((id) => ({ value: id, label: id }))}
        />
        <Choice
          label={t("Node")}
          value={node.id}
          onChange={(id) => {
            const next = nodes.find((node) => node.id === id) ?? first;
            setDraft({ ...draft, node: next.id, form: { ...emptyForm(next), pattern: form.pattern } });
          }}
          options={nodes.map(({ id }) => ({ value: id, label: id }))}
        />
      </Row>
      <TextBox
        label={t("Pattern of names")}
        hint={t("for example: {pattern}; what is found can be used below", {
          pattern: "{subject}_{visit}.bam",
        })}
        value={form.pattern}
        onChange={(pattern) => set({ pattern })}
      />
      {wrong ? <Notice kind="caution">{wrong}</Notice> : null}
      <Row>
        <TextBox
          label="submitter_id"
          isRequired
          hint={t(
            "{stem} is the name without its ending; there are {name}, {ending} and {guid}, too",
            PLACES,
          )}
          value={form.submitterId}
          onChange={(submitterId) => set({ submitterId })}
        />
        {node.links.map((link) => (
          <TextBox
            key={link.name}
            label={`${link.name}.submitter_id`}
            isRequired={link.isRequired}
            hint={t("a {target} of the project", { target: link.target })}
            value={form.links[link.name] ?? ""}
            onChange={(value) => set({ links: { ...form.links, [link.name]: value } })}
          />
        ))}
        {askedOf(node).map((property) => (
          <TextBox
            key={property.name}
            label={property.name}
            isRequired
            hint={property.description.slice(0, 80)}
            options={property.values}
            value={form.values[property.name] ?? ""}
            onChange={(value) => set({ values: { ...form.values, [property.name]: value } })}
          />
        ))}
      </Row>
      <Preview lines={lines} node={node} />
      <Sending
        project={draft.project}
        lines={lines}
        onClose={onClose}
        onMapped={(count) => {
          setDraft(undefined);
          onMapped(count);
        }}
      />
    </section>
  );
}

function problemOf(pattern: string): string | undefined {
  try {
    compiled(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function Preview({ lines, node }: { lines: Line[]; node: Node }) {
  const t = useText();
  const told = (value: unknown) =>
    typeof value === "object" && value !== null ? String(Object.values(value)[0]) : String(value ?? "");
  const names = ["submitter_id", ...node.links.map(({ name }) => name)];
  const columns: Column<Line>[] = [
    { title: t("File"), isHeader: true, cell: ({ entry }) => entry.file_name ?? entry.did },
    ...names.map((name) => ({
      title: name,
      cell: ({ record }: Line) => (record?.[name] === undefined ? null : <code>{told(record[name])}</code>),
    })),
    { title: t("Problem"), cell: ({ problem }) => problem ?? null },
  ];
  // What is wrong stands first.
  const sorted = [...lines].sort((a, b) => Number(b.problem !== undefined) - Number(a.problem !== undefined));
  return (
    <>
      <Table
        label={t("What becomes of it")}
        columns={columns}
        rows={sorted.slice(0, SHOWN)}
        keyOf={({ entry }) => entry.did}
      />
      {lines.length > SHOWN ? (
        <p className="quiet">{t("and {count} more", { count: lines.length - SHOWN })}</p>
      ) : null}
    </>
  );
}

function Sending(props: {
  project: string;
  lines: Line[];
  onClose: () => void;
  onMapped: (count: number) => void;
}) {
  const t = useText();
  const client = useQueryClient();
  const [refused, setRefused] = useState<Outcome>();
  const records = props.lines.flatMap(({ record }) => record ?? []);
  const unfit = props.lines.length - records.length;
  const send = useMutation({
    mutationFn: async () => {
      const at = props.project.indexOf("-");
      const parts = [props.project.slice(0, at), props.project.slice(at + 1)].map(encodeURIComponent);
      const { status, body } = await askAny(`/api/v0/submission/${parts.join("/")}`, {
        method: "PUT",
        body: JSON.stringify(records),
        type: "application/json",
      });
      return readOutcome(status, body);
    },
    onSuccess: (outcome) => {
      setRefused(outcome.isAccepted ? undefined : outcome);
      if (!outcome.isAccepted) return;
      for (const key of ["unmapped", "counts", "log"]) void client.invalidateQueries({ queryKey: [key] });
      props.onMapped(records.length);
    },
  });
  return (
    <Stack>
      {unfit > 0 ? (
        <Notice kind="caution">
          {t("{count, plural, one {# file} other {# files}} will not be mapped: see the problems above.", {
            count: unfit,
          })}
        </Notice>
      ) : null}
      {send.error ? <Failed error={send.error} what={t("Mapping")} /> : null}
      {refused ? <Refused outcome={refused} lines={props.lines} /> : null}
      <Actions>
        <Button
          kind="primary"
          isDisabled={records.length === 0 || send.isPending}
          onPress={() => send.mutate()}
        >
          {t("Submit {count, plural, one {# record} other {# records}}", { count: records.length })}
        </Button>
        <Button onPress={props.onClose}>{t("Close")}</Button>
      </Actions>
    </Stack>
  );
}

function Refused({ outcome, lines }: { outcome: Outcome; lines: Line[] }) {
  const t = useText();
  const sent = lines.filter(({ record }) => record !== undefined);
  return (
    <Notice kind="bad">
      <strong>{t("Refused: nothing has been stored")}</strong>
      {outcome.errors.map((error) => (
        <span key={error}>{error}</span>
      ))}
      <ul>
        {outcome.findings.slice(0, SHOWN).map(({ row, problem, detail }) => (
          <li key={`${row} ${problem}`}>
            {row === null ? null : <code>{sent[row]?.entry.file_name}: </code>}
            {problem} {detail}
          </li>
        ))}
      </ul>
    </Notice>
  );
}
