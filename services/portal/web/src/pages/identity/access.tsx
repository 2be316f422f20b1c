// What the user may do, as a tree; and why something may or may not be done.

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useText } from "../../app/text.ts";
import { type Branch, treeOf } from "../../features/access/tree.ts";
import { explainQuery, type Need } from "../../session/explain.ts";
import type { Rights } from "../../session/user.ts";
import { Button, SearchBox, TextBox } from "../../ui/controls.tsx";
import { Part, Row, Stack } from "../../ui/page.tsx";
import { Empty, Failed, Loading } from "../../ui/states.tsx";
import ui from "../../ui/ui.module.css";
import { Explained } from "../../ui/why.tsx";

const MOST = 500;

export function Access({ rights }: { rights: Rights }) {
  const t = useText();
  const { q = "" } = useSearch({ from: "/identity" });
  const navigate = useNavigate({ from: "/identity" });
  const [asked, setAsked] = useState<Need>({ resource: "", method: "", service: "" });
  const { roots, count } = treeOf(rights, q, t("everything"), MOST);
  const isNone = Object.keys(rights).length === 0;
  return (
    <>
      <Part title={t("Access")} aside={<a href="/requests">{t("Access requests")}</a>}>
        {isNone ? (
          <Empty title={t("You have no rights in this commons yet")}>
            <p className="quiet">{t("Ask its operator for them, and tell your user name.")}</p>
          </Empty>
        ) : (
          <>
            <Row>
              <SearchBox
                label={t("Search resources and methods")}
                value={q}
                onChange={(words) => void navigate({ search: { q: words || undefined }, replace: true })}
              />
              <p role="status" className="quiet">
                {t("{count, plural, one {# resource} other {# resources}}", { count })}
              </p>
            </Row>
            <p className="quiet">
              {t("What is permitted on a resource is permitted on everything below it.")}
            </p>
            <ul className={ui.tree} aria-label={t("Access")}>
              {roots.map((branch) => (
                <Item
                  key={branch.path}
                  branch={branch}
                  onExplain={(resource) => setAsked({ ...asked, resource })}
                />
              ))}
            </ul>
            {count > MOST ? (
              <p className="quiet">
                {t("The first {count} are shown; search for the others.", { count: MOST })}
              </p>
            ) : null}
          </>
        )}
      </Part>
      <Explain asked={asked} onChange={setAsked} />
    </>
  );
}

function Item({ branch, onExplain }: { branch: Branch; onExplain: (resource: string) => void }) {
  const t = useText();
  const { name, path, methods, children } = branch;
  return (
    <li>
      <div>
        <code title={path}>{name}</code>
        {methods.length > 0 ? <span>{methods.join(", ")}</span> : null}
        {methods.length > 0 ? (
          <Button
            kind="bare"
            aria-label={t("Explain {resource}", { resource: path })}
            onPress={() => {
              onExplain(path);
              document.getElementById("explain")?.scrollIntoView({ block: "center" });
            }}
          >
            {t("Explain")}
          </Button>
        ) : null}
      </div>
      {children.length > 0 ? (
        <ul>
          {children.map((child) => (
            <Item key={child.path} branch={child} onExplain={onExplain} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}

const METHODS = ["read", "read-storage", "create", "update", "delete", "write-storage", "file_upload"];
const SERVICES = ["peregrine", "sheepdog", "guppy", "fence", "indexd", "requestor"];

function Explain({ asked, onChange }: { asked: Need; onChange: (need: Need) => void }) {
  const t = useText();
  const [sent, setSent] = useState<Need>();
  const found = useQuery({ ...explainQuery(sent ?? asked), enabled: sent !== undefined });
  return (
    <Part title={t("Why may I, or may I not?")} id="explain">
      <Stack>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setSent({ ...asked });
          }}
        >
          <Row>
            <TextBox
              label={t("Resource")}
              isRequired
              value={asked.resource}
              onChange={(resource) => onChange({ ...asked, resource })}
            />
            <TextBox
              label={t("Method")}
              options={METHODS}
              value={asked.method}
              onChange={(method) => onChange({ ...asked, method })}
            />
            <TextBox
              label={t("Service")}
              options={SERVICES}
              value={asked.service}
              onChange={(service) => onChange({ ...asked, service })}
            />
            <button type="submit" className={ui.button}>
              {t("Explain")}
            </button>
          </Row>
        </form>
        {sent && found.isPending ? <Loading lines={2} /> : null}
        {found.error ? <Failed error={found.error} what={t("Explanation")} /> : null}
        <div role="status">{sent && found.data ? <Explained need={sent} found={found.data} /> : null}</div>
      </Stack>
    </Part>
  );
}
