// The reader's files that no record describes yet: found by name, mapped together, or deleted.

import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { ask } from "../../api/client.ts";
import { useFormats, useText } from "../../app/text.ts";
import { type Entry, isReady, unmappedQuery } from "../../features/mapping/files.ts";
import type { User } from "../../session/user.ts";
import { Actions, Button, SearchBox } from "../../ui/controls.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Part, Row, Stack } from "../../ui/page.tsx";
import { Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";
import { utc } from "../project/log.tsx";
import { Mapping } from "./mapping.tsx";
import css from "./page.module.css";

/** So many lines are shown; all that fit the search can be mapped. */
const SHOWN = 200;
/** While bytes are being read, it is looked again. */
const EVERY = 3_000;

export function Unmapped({ user }: { user: User }) {
  const t = useText();
  const { q = "" } = useSearch({ from: "/submission/files" });
  const navigate = useNavigate({ from: "/submission/files" });
  const files = useInfiniteQuery({
    ...unmappedQuery(user.username),
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.some((entry) => !isReady(entry))) ? EVERY : false,
  });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [isMapping, setIsMapping] = useState(false);
  const [doomed, setDoomed] = useState<Entry>();
  const [mapped, setMapped] = useState<number>();
  const all = files.data?.pages.flat() ?? [];
  const wanted = q.trim().toLowerCase();
  const fitting = all.filter(({ did, file_name }) =>
    `${file_name ?? ""} ${did}`.toLowerCase().includes(wanted),
  );
  const ready = fitting.filter(isReady);
  const taken = all.filter(({ did }) => chosen.has(did));
  const isAll = ready.length > 0 && ready.every(({ did }) => chosen.has(did));
  const toggle = (dids: string[], isIn: boolean) => {
    const next = new Set(chosen);
    for (const did of dids) isIn ? next.add(did) : next.delete(did);
    setChosen(next);
  };
  return (
    <Part title={t("Files without a record")}>
      <div className="map-files">
        <Stack>
          {mapped === undefined ? null : (
            <Notice kind="good">
              <span role="status">{t("{count} files mapped successfully!", { count: mapped })}</span>
            </Notice>
          )}
          {files.isPending ? <Loading lines={4} /> : null}
          {files.error ? (
            <Failed
              error={files.error}
              what={t("Files without a record")}
              retry={() => void files.refetch()}
            />
          ) : null}
          {files.data && all.length === 0 ? (
            <Empty title={t("No files have been uploaded.")}>
              <p className="quiet">
                {t("Here stand files that you have sent and that no record of the graph describes yet.")}
              </p>
            </Empty>
          ) : null}
          {all.length > 0 ? (
            <>
              <Row>
                <SearchBox
                  label={t("Search names of files")}
                  value={q}
                  onChange={(words) => void navigate({ search: { q: words || undefined }, replace: true })}
                />
                <p role="status" className="quiet">
                  {t("{count, plural, one {# file} other {# files}}, {chosen} chosen", {
                    count: fitting.length,
                    chosen: taken.length,
                  })}
                </p>
                <Button
                  onPress={() =>
                    toggle(
                      ready.map(({ did }) => did),
                      !isAll,
                    )
                  }
                  isDisabled={ready.length === 0}
                >
                  {isAll ? t("Choose none") : t("Choose all that fit")}
                </Button>
                <Button kind="primary" isDisabled={taken.length === 0} onPress={() => setIsMapping(true)}>
                  {t("Map Files ({count})", { count: taken.length })}
                </Button>
              </Row>
              <List
                entries={fitting.slice(0, SHOWN)}
                chosen={chosen}
                onToggle={toggle}
                onDelete={setDoomed}
              />
              {fitting.length > SHOWN ? (
                <p className="quiet">
                  {t("The first {count} are shown; search for the others.", { count: SHOWN })}
                </p>
              ) : null}
              {files.hasNextPage ? (
                <Actions>
                  <Button onPress={() => void files.fetchNextPage()} isDisabled={files.isFetching}>
                    {t("Look for more files")}
                  </Button>
                </Actions>
              ) : null}
            </>
          ) : null}
          {isMapping && taken.length > 0 ? (
            <Mapping
              user={user}
              entries={taken}
              onClose={() => setIsMapping(false)}
              onMapped={(count) => {
                setMapped(count);
                setIsMapping(false);
                setChosen(new Set());
              }}
            />
          ) : null}
        </Stack>
        <Deletion doomed={doomed} onClose={() => setDoomed(undefined)} />
      </div>
    </Part>
  );
}

function List(props: {
  entries: Entry[];
  chosen: ReadonlySet<string>;
  onToggle: (dids: string[], isIn: boolean) => void;
  onDelete: (entry: Entry) => void;
}) {
  const t = useText();
  const { bytes, time } = useFormats();
  const columns: Column<Entry>[] = [
    {
      title: t("Chosen"),
      cell: (entry) => (
        <input
          type="checkbox"
          className={css.check}
          aria-label={t("Choose {name}", { name: entry.file_name ?? entry.did })}
          disabled={!isReady(entry)}
          checked={props.chosen.has(entry.did)}
          onChange={(event) => props.onToggle([entry.did], event.target.checked)}
        />
      ),
    },
    {
      title: t("File"),
      isHeader: true,
      cell: ({ did, file_name }) => <a href={`/files/${did}`}>{file_name ?? did}</a>,
    },
    {
      title: t("Size"),
      isNumber: true,
      cell: (entry) =>
        isReady(entry) ? bytes(entry.size ?? 0) : <span className="quiet">{t("is being read")}</span>,
    },
    { title: "MD5", cell: ({ hashes }) => (hashes?.md5 ? <code>{hashes.md5}</code> : null) },
    { title: t("Uploaded"), cell: ({ created_date }) => (created_date ? time(utc(created_date)) : null) },
    {
      title: t("Action"),
      cell: (entry) => (
        <Button
          kind="bare"
          aria-label={t("Delete {name}", { name: entry.file_name ?? entry.did })}
          onPress={() => props.onDelete(entry)}
        >
          {t("Delete")}
        </Button>
      ),
    },
  ];
  return (
    <Table
      label={t("Files without a record")}
      columns={columns}
      rows={props.entries}
      keyOf={({ did }) => did}
      rowClass="map-files__table-row"
    />
  );
}

function Deletion({ doomed, onClose }: { doomed: Entry | undefined; onClose: () => void }) {
  const t = useText();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: ({ did }: Entry) =>
      ask(`/user/data/${did.split("/").map(encodeURIComponent).join("/")}`, { method: "DELETE" }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["unmapped"] });
      onClose();
    },
  });
  return (
    <Dialog title={t("Delete this file?")} isOpen={doomed !== undefined} onClose={onClose}>
      <p>
        {t("Its bytes and its record of the index are deleted. This cannot be undone.")}{" "}
        <strong>{doomed?.file_name}</strong> <code>{doomed?.did}</code>
      </p>
      {remove.error ? <Failed error={remove.error} what={t("Deletion")} /> : null}
      <Actions>
        <Button kind="danger" onPress={() => doomed && remove.mutate(doomed)} isDisabled={remove.isPending}>
          {t("Delete the file")}
        </Button>
        <Button onPress={onClose}>{t("Keep it")}</Button>
      </Actions>
    </Dialog>
  );
}
