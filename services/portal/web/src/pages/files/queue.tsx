// The files on their way.

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useFormats, useText } from "../../app/text.ts";
import { add, type Item, remove, resume, stop, useQueue } from "../../features/upload/queue.ts";
import { begunBy } from "../../features/upload/remembered.ts";
import { giveUp } from "../../features/upload/transfer.ts";
import { Actions, Button } from "../../ui/controls.tsx";
import { FilePicker } from "../../ui/files.tsx";
import { Part, Stack } from "../../ui/page.tsx";
import { Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import css from "./page.module.css";

export function Queue({ user }: { user: string }) {
  const t = useText();
  const client = useQueryClient();
  const items = useQueue().filter(({ owner }) => owner === user);
  const done = items.filter(({ state }) => state === "done").length;
  useEffect(() => {
    if (done > 0) void client.invalidateQueries({ queryKey: ["unmapped"] });
  }, [done, client]);
  return (
    <Part title={t("Upload")}>
      <Stack>
        <FilePicker
          label={t("Drop files here")}
          button={t("Choose files")}
          isMultiple
          onFiles={(files) => add(files, user)}
        />
        <Unfinished user={user} items={items} />
        {items.length > 0 ? <Items items={items} /> : null}
        <p role="status" className="unseen">
          {items.length > 0 ? t("{done} of {all} files uploaded", { done, all: items.length }) : ""}
        </p>
      </Stack>
    </Part>
  );
}

/** What was begun before this page was loaded: the browser must be given the file again. */
function Unfinished({ user, items }: { user: string; items: Item[] }) {
  const t = useText();
  const { bytes } = useFormats();
  const [given, setGiven] = useState(0);
  const here = new Set(items.map(({ guid }) => guid));
  const left = begunBy(user).filter(
    ({ guid }) => !here.has(guid) && !items.some((item) => sameFile(item, guid)),
  );
  if (left.length === 0) return null;
  function sameFile(item: Item, guid: string): boolean {
    const begun = begunBy(user).find((begun) => begun.guid === guid);
    return begun?.name === item.file.name && begun.size === item.file.size;
  }
  return (
    <Notice kind="caution">
      <strong>{t("Uploads that were broken off")}</strong>
      <span>{t("Choose the same files again: only what is missing is sent.")}</span>
      <ul key={given}>
        {left.map(({ guid, name, size }) => (
          <li key={guid}>
            {name} ({bytes(size)}){" "}
            <Button
              kind="bare"
              aria-label={t("Give up {name}", { name })}
              onPress={() =>
                void giveUp(guid, user)
                  .catch(() => undefined)
                  .then(() => setGiven(given + 1))
              }
            >
              {t("Give up")}
            </Button>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function Items({ items }: { items: Item[] }) {
  const t = useText();
  const { bytes } = useFormats();
  const words = {
    waiting: t("waits"),
    sending: t("is being sent"),
    done: t("uploaded"),
    failed: t("failed"),
    stopped: t("stopped"),
  };
  const columns: Column<Item>[] = [
    {
      title: t("File"),
      isHeader: true,
      cell: ({ file, guid, state }) =>
        guid && state === "done" ? <a href={`/files/${guid}`}>{file.name}</a> : file.name,
    },
    { title: t("Size"), isNumber: true, cell: ({ file }) => bytes(file.size) },
    {
      title: t("State"),
      cell: ({ state, sent, file, problem }) => (
        <>
          {words[state]}
          {problem ? <span className="quiet">: {problem}</span> : null}
          {state === "sending" || state === "stopped" ? (
            <progress
              className={css.progress}
              max={file.size}
              value={sent}
              aria-label={t("{name}: sent", { name: file.name })}
            />
          ) : null}
        </>
      ),
    },
    { title: "MD5", cell: ({ md5 }) => (md5 ? <code>{md5}</code> : null) },
    {
      title: t("Action"),
      cell: (item) => <ItemActions item={item} />,
    },
  ];
  return <Table label={t("Uploads")} columns={columns} rows={items} keyOf={({ id }) => String(id)} />;
}

function ItemActions({ item: { id, state, file } }: { item: Item }) {
  const t = useText();
  const name = file.name;
  return (
    <Actions>
      {state === "sending" || state === "waiting" ? (
        <Button kind="bare" aria-label={t("Stop {name}", { name })} onPress={() => stop(id)}>
          {t("Stop")}
        </Button>
      ) : null}
      {state === "stopped" || (state === "failed" && file.size > 0) ? (
        <Button kind="bare" aria-label={t("Go on with {name}", { name })} onPress={() => resume(id)}>
          {t("Go on")}
        </Button>
      ) : null}
      <Button
        kind="bare"
        aria-label={
          state === "done" ? t("Take from the list: {name}", { name }) : t("Give up {name}", { name })
        }
        onPress={() => void remove(id)}
      >
        {state === "done" ? t("Take from the list") : t("Give up")}
      </Button>
    </Actions>
  );
}
