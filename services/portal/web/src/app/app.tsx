// What every page needs around it.

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect } from "react";
import { IntlProvider } from "react-intl";
import { Problem } from "../api/problem.ts";
import { userQuery } from "../session/user.ts";
import { useLanguage } from "./language.ts";
import { makeRouter } from "./router.tsx";
import { SessionEnd } from "./session_end.tsx";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // What the reader may not, or asked wrongly, does not become right by asking again.
      retry: (count, error) =>
        count < 2 && (!(error instanceof Problem) || error.status >= 500 || error.status === 0),
    },
  },
});
const router = makeRouter();
const channel = new BroadcastChannel("portal:user");

/** When somebody logs in or out, nothing of the user before is shown, in any tab. */
function useOneUser() {
  useEffect(() => {
    let known: string | null | undefined;
    const stop = client.getQueryCache().subscribe(({ query }) => {
      if (query.queryKey[0] !== "user" || query.state.status !== "success") return;
      const user = query.state.data as { username: string } | null;
      const name = user?.username ?? null;
      if (known !== undefined && known !== name) {
        client.removeQueries({ predicate: (other) => other.queryKey[0] !== "user" });
        void client.invalidateQueries();
      }
      if (known !== name) channel.postMessage(name);
      known = name;
    });
    channel.onmessage = (event) => {
      if (event.data !== known) void client.invalidateQueries({ queryKey: userQuery.queryKey });
    };
    return () => {
      stop();
      channel.onmessage = null;
    };
  }, []);
}

export function App() {
  const { locale, messages } = useLanguage();
  useOneUser();
  return (
    <IntlProvider locale={locale} messages={messages} defaultLocale="en" onError={() => {}}>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
        <SessionEnd />
      </QueryClientProvider>
    </IntlProvider>
  );
}
