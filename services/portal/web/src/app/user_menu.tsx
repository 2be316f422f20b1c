import { ChevronDown } from "lucide-react";
import { lazy, Suspense, useRef, useState } from "react";
import { loginHref, useUser } from "../session/user.ts";
import { applyScheme, type Scheme, storedScheme } from "../theme/scheme.ts";
import { Button, ButtonLink } from "../ui/controls.tsx";
import css from "../ui/ui.module.css";
import { useText } from "./text.ts";

const load = () => import("./menu.tsx");
const OpenMenu = lazy(() => load().then(({ OpenMenu }) => ({ default: OpenMenu })));

/** Who is here, the look of the pages, and the way in or out. */
export function UserMenu() {
  const t = useText();
  const { user, isKnown } = useUser();
  const [scheme, setScheme] = useState(storedScheme);
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const choose = (chosen: Scheme) => {
    applyScheme(chosen);
    setScheme(chosen);
  };
  const here = `${location.pathname}${location.search}`;
  return (
    <div className={css.actions}>
      {isKnown && !user && !location.pathname.startsWith("/login") ? (
        <ButtonLink href={loginHref(here)}>{t("Login")}</ButtonLink>
      ) : null}
      <Button
        kind="bare"
        ref={button}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onPress={() => setIsOpen(!isOpen)}
        onPointerEnter={() => void load()}
        onFocus={() => void load()}
      >
        {user ? user.display_name || user.username : t("View")}
        <ChevronDown size={16} aria-hidden />
      </Button>
      {isOpen ? (
        <Suspense fallback={null}>
          <OpenMenu
            button={button}
            user={user}
            scheme={scheme}
            onScheme={choose}
            onClose={() => setIsOpen(false)}
          />
        </Suspense>
      ) : null}
    </div>
  );
}
