// What another dictionary has that this commons' has not, and the other way round: whom a change breaks.

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import * as v from "valibot";
import { ask } from "../../api/client.ts";
import { useText } from "../../app/text.ts";
import { useUser } from "../../session/user.ts";
import { Choice } from "../../ui/controls.tsx";
import { FilePicker } from "../../ui/files.tsx";
import { Stack } from "../../ui/page.tsx";
import { Denied, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";

const Change = v.object({
  node: v.string(),
  property: v.nullish(v.string()),
  kind: v.string(),
  impact: v.array(v.string()),
  message: v.string(),
  remedy: v.optional(v.string(), ""),
});
const Compared = v.object({ breaking: v.number(), changes: v.array(Change) });
type Change = v.InferOutput<typeof Change>;

const SHOWN = 500;
/** What the service takes. */
const LARGEST = 32 * 1024 * 1024;

export function Compare() {
  const t = useText();
  const { user, isKnown } = useUser();
  const [direction, setDirection] = useState("to");
  const [file, setFile] = useState<File>();
  const compare = useMutation({
    mutationFn: async ({ file, direction }: { file: File; direction: string }) => {
      if (file.size > LARGEST) throw new Error(`${file.name} has more than 32 MiB, which no dictionary has`);
      const path = `/api/v0/submission/_dictionary/v1/compare?direction=${direction}`;
      return v.parse(Compared, await ask(path, { method: "POST", body: file, type: "application/json" }));
    },
  });
  const take = (file: File | undefined, direction: string) => {
    setFile(file);
    setDirection(direction);
    if (file) compare.mutate({ file, direction });
  };
  if (!isKnown) return <Loading />;
  if (!user) return <Denied what={t("Comparison")} />;
  return (
    <Stack>
      <p className="quiet">
        {t(
          "The other dictionary is one JSON file, as dictionaries are published and as “_dictionary/_all” of a commons answers.",
        )}
      </p>
      <FilePicker
        label={t("Drop the other dictionary here")}
        button={t("Choose a file")}
        accept=".json"
        onFiles={([file]) => take(file, direction)}
      />
      <Choice
        label={t("Which is the newer one")}
        value={direction}
        onChange={(direction) => take(file, direction)}
        options={[
          { value: "to", label: t("the file") },
          { value: "from", label: t("that of this commons") },
        ]}
      />
      {compare.isPending ? <Loading lines={4} /> : null}
      {compare.error ? <Failed error={compare.error} what={file?.name ?? t("Comparison")} /> : null}
      <div role="status">
        {compare.data ? (
          <Notice kind={compare.data.breaking > 0 ? "caution" : "good"}>
            <strong>
              {compare.data.changes.length === 0
                ? t("Both are the same but for descriptions")
                : t(
                    "{breaking, plural, =0 {Nothing breaks} one {# change breaks something} other {# changes break something}}, of {all}",
                    { breaking: compare.data.breaking, all: compare.data.changes.length },
                  )}
            </strong>
          </Notice>
        ) : null}
      </div>
      {compare.data?.changes.length ? <Changes changes={compare.data.changes} /> : null}
    </Stack>
  );
}

function Changes({ changes }: { changes: Change[] }) {
  const t = useText();
  const impacts: Record<string, string> = {
    stored_records: t("stored records"),
    submissions: t("submissions of today’s files"),
    queries: t("today’s queries"),
    access: t("hides what is stored"),
  };
  const columns: Column<Change>[] = [
    {
      title: t("Where"),
      isHeader: true,
      cell: ({ node, property }) => <code>{property ? `${node}.${property}` : node}</code>,
    },
    { title: t("Change"), cell: ({ message }) => message },
    {
      title: t("Breaks"),
      cell: ({ impact }) =>
        impact.length > 0 ? impact.map((name) => impacts[name] ?? name).join(", ") : t("nothing"),
    },
    { title: t("What to do"), cell: ({ remedy }) => remedy },
  ];
  const sorted = [...changes].sort((a, b) => Number(b.impact.length > 0) - Number(a.impact.length > 0));
  return (
    <>
      <Table
        label={t("Changes")}
        columns={columns}
        rows={sorted.slice(0, SHOWN)}
        keyOf={({ node, property, kind, message }) => `${node} ${property} ${kind} ${message}`}
      />
      {sorted.length > SHOWN ? (
        <p className="quiet">{t("and {count} more", { count: sorted.length - SHOWN })}</p>
      ) : null}
    </>
  );
}
