// API keys: made, shown once, and deleted.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import * as v from "valibot";
import { ask, askJson } from "../../api/client.ts";
import { useFormats, useText } from "../../app/text.ts";
import { CodePanel, CopyButton } from "../../ui/code.tsx";
import { Actions, Button } from "../../ui/controls.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Part } from "../../ui/page.tsx";
import { Empty, Failed, Loading, Notice } from "../../ui/states.tsx";
import { type Column, Table } from "../../ui/table.tsx";

const PATH = "/user/credentials/api";
const Listed = v.object({ jtis: v.array(v.object({ jti: v.string(), exp: v.number() })) });
const Made = v.object({ api_key: v.string(), key_id: v.string() });

type Key = { jti: string; exp: number };
type NewKey = v.InferOutput<typeof Made>;

function useKeys() {
  return useQuery({
    queryKey: ["keys"],
    queryFn: async ({ signal }) => v.parse(Listed, await ask(`${PATH}/`, { signal })).jtis,
  });
}

export function Keys() {
  const t = useText();
  const client = useQueryClient();
  const keys = useKeys();
  const [made, setMade] = useState<NewKey>();
  const [doomed, setDoomed] = useState<Key>();
  const again = () => void client.invalidateQueries({ queryKey: ["keys"] });
  const create = useMutation({
    mutationFn: async () => v.parse(Made, await askJson(`${PATH}/`, { scope: ["data", "user"] })),
    onSuccess: (key) => {
      setMade(key);
      again();
    },
  });
  return (
    <Part
      title={t("API keys")}
      aside={
        <Button kind="primary" onPress={() => create.mutate()} isDisabled={create.isPending}>
          {t("Create API key")}
        </Button>
      }
    >
      <p className="quiet">
        {t(
          "A program that has a key acts in your name. Keep it as you keep a password, and delete it when it is lost.",
        )}
      </p>
      {create.error ? <Failed error={create.error} what={t("New key")} /> : null}
      {keys.isPending ? <Loading lines={2} /> : null}
      {keys.error ? (
        <Failed error={keys.error} what={t("API keys")} retry={() => void keys.refetch()} />
      ) : null}
      {keys.data ? <List keys={keys.data} onDelete={setDoomed} /> : null}
      <Shown made={made} onClose={() => setMade(undefined)} />
      <Deletion doomed={doomed} onClose={() => setDoomed(undefined)} onDeleted={again} />
    </Part>
  );
}

function List({ keys, onDelete }: { keys: Key[]; onDelete: (key: Key) => void }) {
  const t = useText();
  const { day } = useFormats();
  if (keys.length === 0) return <Empty title={t("You have no API key")} />;
  const columns: Column<Key>[] = [
    { title: t("Key"), isHeader: true, cell: (key) => <code>{key.jti}</code> },
    { title: t("Good until"), cell: (key) => day(key.exp * 1000) },
    {
      title: t("Action"),
      cell: (key) => (
        <Button
          kind="bare"
          onPress={() => onDelete(key)}
          aria-label={t("Delete the key {key}", { key: key.jti })}
        >
          {t("Delete")}
        </Button>
      ),
    },
  ];
  const rows = [...keys].sort((a, b) => b.exp - a.exp);
  return <Table label={t("API keys")} columns={columns} rows={rows} keyOf={(key) => key.jti} />;
}

/** The file that the SDK and gen3-client read. */
export const credentials = (key: NewKey): string =>
  `${JSON.stringify({ api_key: key.api_key, key_id: key.key_id }, null, 2)}\n`;

const PYTHON = `from gen3.auth import Gen3Auth
from gen3.submission import Gen3Submission

auth = Gen3Auth(refresh_file="credentials.json")
print(Gen3Submission(auth).get_programs())`;

function Shown({ made, onClose }: { made: NewKey | undefined; onClose: () => void }) {
  const t = useText();
  const href = made ? `data:application/json;charset=utf-8,${encodeURIComponent(credentials(made))}` : "";
  return (
    <Dialog title={t("Your new API key")} isOpen={made !== undefined} onClose={onClose} isDismissable={false}>
      <Notice kind="caution">
        {t("It is shown this once. Download it, or copy it, before you close this.")}
      </Notice>
      {made ? (
        <>
          <p>
            {t("Key")} <code>{made.key_id}</code>
          </p>
          <Actions>
            <SaveButton href={href} />
            <CopyButton text={credentials(made)} label={t("Copy the key")} />
          </Actions>
          <CodePanel
            title={t("How programs use it")}
            snippets={{ Python: PYTHON, "gen3-client": CLIENT() }}
          />
        </>
      ) : null}
      <Actions>
        <Button onPress={onClose}>{t("Close")}</Button>
      </Actions>
    </Dialog>
  );
}

const CLIENT = () =>
  `gen3-client configure --profile=commons --cred=credentials.json --apiendpoint=${location.origin}`;

function SaveButton({ href }: { href: string }) {
  const t = useText();
  const save = () => {
    const link = document.createElement("a");
    link.href = href;
    link.download = "credentials.json";
    link.click();
  };
  return (
    <Button kind="primary" onPress={save}>
      {t("Download credentials.json")}
    </Button>
  );
}

function Deletion(props: { doomed: Key | undefined; onClose: () => void; onDeleted: () => void }) {
  const t = useText();
  const remove = useMutation({
    mutationFn: (key: Key) => ask(`${PATH}/${encodeURIComponent(key.jti)}`, { method: "DELETE" }),
    onSuccess: () => {
      props.onDeleted();
      props.onClose();
    },
  });
  const { doomed } = props;
  return (
    <Dialog title={t("Delete this API key?")} isOpen={doomed !== undefined} onClose={props.onClose}>
      <p>
        {t("Programs that use it are refused from then on. This cannot be undone.")}{" "}
        <code>{doomed?.jti}</code>
      </p>
      {remove.error ? <Failed error={remove.error} what={t("Deletion")} /> : null}
      <Actions>
        <Button kind="danger" onPress={() => doomed && remove.mutate(doomed)} isDisabled={remove.isPending}>
          {t("Delete the key")}
        </Button>
        <Button onPress={props.onClose}>{t("Keep it")}</Button>
      </Actions>
    </Dialog>
  );
}
