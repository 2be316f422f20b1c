import { DOC_EXPLORER_PLUGIN, DocExplorerContextProvider } from "@graphiql/plugin-doc-explorer";
import { HISTORY_PLUGIN, HistoryContextProvider } from "@graphiql/plugin-history";
import { useEditorContext } from "@graphiql/react";
import { setNonce } from "get-nonce";
import { GraphiQL, GraphiQLInterface, GraphiQLProvider } from "graphiql";
import "graphiql/style.css";
import { useEffect, useMemo, useRef, useState } from "react";
import { createRoot } from "react-dom/client";

import { MODELS, examples, fetcherOf, flatModel, logins, logoutUrl, projects, storageOf, userName } from "./commons.js";
import "./page.css";

// Dialogs put a style element into the page; the page's policy admits the elements that know its nonce.
setNonce(document.querySelector("meta[name=style-nonce]").content);

// What the editor shows where there is no example: a query that is valid in any schema.
const EMPTY = "# Ctrl-Space shows what can be asked for, Ctrl-Enter runs the query.\n{\n  __typename\n}\n";

const PLUGINS = [DOC_EXPLORER_PLUGIN, HISTORY_PLUGIN];

/** Who is logged in, or how to become so. */
function Login({ user, ways }) {
  if (user) {
    return (
      <p className="login">
        {user} <a href={logoutUrl()}>Log out</a>
      </p>
    );
  }
  return (
    <p className="login visitor" role="status">
      You are not logged in, so queries are refused.{" "}
      {ways.length === 0 && "Nobody can log in here."}
      {ways.map(({ name, url }) => (
        <a key={url} href={url}>
          Log in ({name})
        </a>
      ))}
    </p>
  );
}

/** What somebody meets who has nothing to query yet, and what to do about it. */
function Hint({ model, user, projects, flat }) {
  if (model === "flat" && flat.isEmpty) {
    return (
      <p className="hint" role="status">
        There is no search index yet, so every list of the flat model is empty. The graph model has what was submitted.
      </p>
    );
  }
  if (model === "graph" && user && projects.length === 0) {
    return (
      <p className="hint" role="status">
        You can read no project yet. In a new commons, <code>commons up --demo</code> loads a study to try queries on; your
        own records go in through <code>/api/v0/submission</code>, first a program, then a project. In a commons that has
        projects, ask who runs it for the right to read them.
      </p>
    );
  }
  return null;
}

/** A labelled list; choosing calls `onChoose` with the value. */
function Choice({ label, value, options, onChoose }) {
  return (
    <label>
      {label}
      <select value={value} onChange={(event) => onChoose(event.target.value)}>
        {options.map(({ value, text, title }) => (
          <option key={value} value={value} title={title}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The menu of examples. What the user has written is not overwritten: the example then gets a tab of its own. */
function Examples({ list }) {
  const { queryEditor, addTab, activeTabIndex, tabs } = useEditorContext({ nonNull: true });
  const waiting = useRef();
  const given = useRef(new Set());
  useEffect(() => {
    list.forEach(({ query }) => given.current.add(query.trim()));
  }, [list]);
  // The editor gets the focus, so that Ctrl-Enter runs what was chosen.
  const put = (query) => {
    queryEditor.setValue(query);
    queryEditor.focus();
  };
  useEffect(() => {
    if (waiting.current && queryEditor) {
      put(waiting.current);
      waiting.current = undefined;
    }
  }, [activeTabIndex, tabs.length, queryEditor]);
  const fill = (name) => {
    const query = list.find((example) => example.name === name)?.query;
    if (!query || !queryEditor) return;
    const written = queryEditor.getValue().trim();
    if (written && !given.current.has(written)) {
      waiting.current = query;
      addTab();
    } else {
      put(query);
    }
  };
  const options = list.map(({ name, title, explanation }) => ({ value: name, text: title, title: explanation }));
  return <Choice label="Examples" value="" onChoose={fill} options={[{ value: "", text: "Choose a query …" }, ...options]} />;
}

/** The other model gets a page of its own, with tabs and history of its own. */
function show(model) {
  location.search = model === "graph" ? "" : `?model=${model}`;
}

function Page({ start }) {
  const { model } = start;
  const [user, setUser] = useState(start.user);
  const [project, setProject] = useState(start.project);
  const [list, setList] = useState(start.examples);
  const fetcher = useMemo(() => fetcherOf(MODELS[model], () => setUser(undefined)), [model]);
  const storage = useMemo(() => storageOf(model), [model]);
  const choose = async (id) => {
    setProject(id);
    setList(await examples(id));
  };
  const models = Object.entries(MODELS).map(([value, { title }]) => ({ value, text: title }));
  return (
    <GraphiQLProvider
      fetcher={fetcher}
      storage={storage}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      shouldPersistHeaders={false}
      defaultQuery={start.examples[0]?.query ?? EMPTY}
    >
      <HistoryContextProvider>
        <DocExplorerContextProvider>
          <header>
            <h1>Query</h1>
            {start.flat.isServed && <Choice label="Model" value={model} options={models} onChoose={show} />}
            {model === "graph" && start.projects.length > 0 && (
              <Choice
                label="Project"
                value={project}
                options={start.projects.map((id) => ({ value: id, text: id }))}
                onChoose={choose}
              />
            )}
            {model === "graph" && <Examples list={list} />}
            <Login user={user} ways={start.ways} />
            <Hint model={model} user={user} projects={start.projects} flat={start.flat} />
          </header>
          <main>
            <GraphiQLInterface showPersistHeadersSettings={false}>
              <GraphiQL.Logo>{null}</GraphiQL.Logo>
            </GraphiQLInterface>
          </main>
        </DocExplorerContextProvider>
      </HistoryContextProvider>
    </GraphiQLProvider>
  );
}

async function begin() {
  const wanted = new URLSearchParams(location.search).get("model");
  const model = Object.hasOwn(MODELS, wanted) ? wanted : "graph";
  const [user, ways, flat] = await Promise.all([userName(), logins(), flatModel()]);
  const isGraph = model === "graph";
  const readable = user && isGraph ? await projects() : [];
  const project = readable[0];
  const given = isGraph ? await examples(project) : [];
  const start = { model, user, ways, flat, projects: readable, project, examples: given };
  createRoot(document.getElementById("query")).render(<Page start={start} />);
}

begin();
