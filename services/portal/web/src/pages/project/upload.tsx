// Sending a table or JSON: looked at here, tried by the service, and then committed.

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { askAny } from "../../api/client.ts";
import { useFormats, useText } from "../../app/text.ts";
import type { Dictionary } from "../../features/dictionary/model.ts";
import { type Outcome, readOutcome } from "../../features/submission/answer.ts";
import { check, together } from "../../features/submission/check.ts";
import { changed, readSheet, type Sheet, TYPES, writeSheet } from "../../features/submission/sheet.ts";
import { keepDraft, readDraft } from "../../session/drafts.ts";
import { Actions, Button } from "../../ui/controls.tsx";
import { FilePicker } from "../../ui/files.tsx";
import { Stack } from "../../ui/page.tsx";
import { Failed, Notice } from "../../ui/states.tsx";
import { Findings } from "./findings.tsx";

/** What is larger is not looked at here, and goes to the service as it is. */
const LOOKED_AT = 24 * 1024 * 1024;

type Chosen = { file: File; sheet: Sheet | null; problem: string; isChanged: boolean };

async function chosen(file: File): Promise<Chosen> {
  if (file.size > LOOKED_AT) return { file, sheet: null, problem: "", isChanged: false };
  try {
    return { file, sheet: readSheet(file.name, await file.text()), problem: "", isChanged: false };
  } catch (error) {
    return {
      file,
      sheet: null,
      problem: error instanceof Error ? error.message : String(error),
      isChanged: false,
    };
  }
}

type Props = { program: string; code: string; project: string; user: string; dictionary: Dictionary };

/** What was mended here and not sent yet, as it was left. */
function left(name: string, user: string): Chosen | undefined {
  const sheet = readDraft<Sheet>(name, user);
  if (!sheet) return undefined;
  const file = new File([writeSheet(sheet)], sheet.name, { type: TYPES[sheet.format] });
  return { file, sheet, problem: "", isChanged: true };
}

export function Upload({ program, code, project, user, dictionary }: Props) {
  const t = useText();
  const draft = `upload ${project}`;
  const [choice, setChoice] = useState<Chosen | undefined>(() => left(draft, user));
  const [isKept, setIsKept] = useState(true);
  useEffect(() => {
    setIsKept(keepDraft(draft, user, choice?.isChanged ? (choice.sheet ?? undefined) : undefined));
  }, [draft, user, choice]);
  const client = useQueryClient();
  const send = useMutation({
    mutationFn: async ({ isDry }: { isDry: boolean }) => {
      if (!choice) throw new Error("no file is chosen");
      const { file, sheet, isChanged } = choice;
      const path = `/api/v0/submission/${encodeURIComponent(program)}/${encodeURIComponent(code)}`;
      const type = sheet ? TYPES[sheet.format] : typeOf(file.name);
      const body = sheet && isChanged ? writeSheet(sheet) : file;
      const { status, body: said } = await askAny(isDry ? `${path}/_dry_run` : path, {
        method: "PUT",
        body,
        type,
      });
      const outcome = readOutcome(status, said);
      if (!isDry && outcome.isAccepted) keepDraft(draft, user, undefined);
      return { isDry, outcome };
    },
    onSettled: () => {
      for (const key of ["log", "counts"]) void client.invalidateQueries({ queryKey: [key] });
    },
  });
  const take = async (file: File | undefined) => {
    if (!file) return;
    send.reset();
    setChoice(await chosen(file));
  };
  const local = useMemo(() => (choice?.sheet ? check(choice.sheet, dictionary) : []), [choice, dictionary]);
  const outcome = send.data?.outcome;
  const edit = (row: number | null, column: string, value: string) => {
    send.reset();
    setChoice((now) =>
      now?.sheet ? { ...now, sheet: changed(now.sheet, row, column, value), isChanged: true } : now,
    );
  };
  const findings = choice?.sheet ? together(choice.sheet, local, outcome?.findings ?? []) : [];
  return (
    <Stack>
      <FilePicker
        label={t("Drop a TSV, CSV or JSON file here")}
        button={t("Choose a file")}
        accept=".tsv,.csv,.json,.txt"
        onFiles={([file]) => void take(file)}
      />
      {choice ? (
        <>
          <Summary choice={choice} problems={local.length} />
          {isKept ? null : (
            <p className="quiet">
              {t("It is too large to be kept here over a logout: save the changed file.")}
            </p>
          )}
          {choice.problem ? null : (
            <Actions>
              <Button
                kind={send.data?.isDry && outcome?.isAccepted ? "plain" : "primary"}
                onPress={() => send.mutate({ isDry: true })}
                isDisabled={send.isPending}
              >
                {t("Dry run")}
              </Button>
              <Button
                kind={send.data?.isDry && outcome?.isAccepted ? "primary" : "plain"}
                onPress={() => send.mutate({ isDry: false })}
                isDisabled={send.isPending}
              >
                {t("Submit to {project}", { project })}
              </Button>
              {choice.sheet && choice.isChanged ? <SaveButton sheet={choice.sheet} /> : null}
              <Button
                kind="bare"
                onPress={() => {
                  setChoice(undefined);
                  send.reset();
                }}
              >
                {t("Put away")}
              </Button>
            </Actions>
          )}
        </>
      ) : null}
      <div role="status">
        {send.isPending ? (
          <Notice>
            {t("The service works on it. You may leave this page: the log below tells the end.")}
          </Notice>
        ) : null}
        {send.error ? <Failed error={send.error} what={t("Submission")} /> : null}
        {send.data ? <Told outcome={send.data.outcome} isDry={send.data.isDry} /> : null}
      </div>
      {choice?.sheet && findings.length > 0 ? (
        <Findings
          sheet={choice.sheet}
          findings={findings}
          onEdit={choice.sheet.format === "json" ? undefined : edit}
        />
      ) : null}
    </Stack>
  );
}

const typeOf = (name: string): string =>
  name.toLowerCase().endsWith(".json")
    ? TYPES.json
    : name.toLowerCase().endsWith(".csv")
      ? TYPES.csv
      : TYPES.tsv;

function Summary({ choice, problems }: { choice: Chosen; problems: number }) {
  const t = useText();
  const { bytes } = useFormats();
  const { file, sheet, problem } = choice;
  if (problem) {
    return (
      <Notice kind="bad">
        <strong>{t("{name} cannot be read", { name: file.name })}</strong>
        <span>{problem}</span>
      </Notice>
    );
  }
  if (!sheet) {
    return (
      <Notice>
        <strong>{file.name}</strong>
        <span>
          {t("{size}: too large to be looked at here. The dry run looks at all of it.", {
            size: bytes(file.size),
          })}
        </span>
      </Notice>
    );
  }
  const told = { rows: sheet.rows.length, size: bytes(file.size) };
  return (
    <Notice kind={problems > 0 ? "caution" : "plain"}>
      <strong>{file.name}</strong>
      <span>
        {t("{rows, plural, =0 {no records} one {# record} other {# records}}, {size}", told)}
        {choice.isChanged ? ` · ${t("changed here")}` : ""}
      </span>
      <span>
        {problems > 0
          ? t("{count, plural, one {# problem} other {# problems}} by the dictionary, below", {
              count: problems,
            })
          : t(
              "Nothing speaks against it by the dictionary. The dry run also looks at links, rights and states.",
            )}
      </span>
    </Notice>
  );
}

function Told({ outcome, isDry }: { outcome: Outcome; isDry: boolean }) {
  const t = useText();
  const { created, updated, unchanged, transaction } = outcome;
  if (!outcome.isAccepted) {
    const count = outcome.findings.length;
    return (
      <Notice kind="bad">
        <strong>{t("Refused: nothing has been stored")}</strong>
        {count > 0 ? (
          <span>
            {t("{count, plural, one {# problem} other {# problems}} told by the service, below", { count })}
          </span>
        ) : null}
        {outcome.errors.map((error) => (
          <span key={error}>{error}</span>
        ))}
        {count === 0 && outcome.errors.length === 0 ? <span>{outcome.message}</span> : null}
      </Notice>
    );
  }
  const figures = t("{created} new, {updated} changed, {unchanged} as they were", {
    created,
    updated,
    unchanged,
  });
  return (
    <Notice kind="good">
      <strong>{isDry ? t("It can be submitted") : t("Stored")}</strong>
      <span className="number">{figures}</span>
      {transaction ? <span className="quiet">{t("Transaction {id}", { id: transaction })}</span> : null}
    </Notice>
  );
}

function SaveButton({ sheet }: { sheet: Sheet }) {
  const t = useText();
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([writeSheet(sheet)], { type: TYPES[sheet.format] }));
    link.download = sheet.name;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return <Button onPress={save}>{t("Save the changed file")}</Button>;
}
