import * as Dialog from '@radix-ui/react-dialog';
import { type ReactNode, useRef } from 'react';

/** A panel over the page with a title, closed with Escape or its button. */
export function Sheet(props: {
  title: string;
  about?: string;
  open: boolean;
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}) {
  const before = useRef<Element>(null);
  return (
    <Dialog.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="veil" />
        <Dialog.Content
          className={props.wide ? 'sheet wide' : 'sheet'}
          onOpenAutoFocus={(event) => {
            before.current = document.activeElement;
            focusFirst(event);
          }}
          onCloseAutoFocus={(event) => {
            // Sheets are opened by keys too: the focus goes back to where it was, not to one certain button.
            event.preventDefault();
            if (before.current instanceof HTMLElement) before.current.focus();
          }}
          onEscapeKeyDown={(event) => {
            // A form inside that can be given up by itself leaves the sheet open.
            if ((event.target as Element | null)?.closest('[data-escape=own]')) event.preventDefault();
          }}
          {...(props.about ? {} : { 'aria-describedby': undefined })}
        >
          <header className="sheet-head">
            <Dialog.Title>{props.title}</Dialog.Title>
            <Dialog.Close className="quiet">Close</Dialog.Close>
          </header>
          {props.about && <Dialog.Description>{props.about}</Dialog.Description>}
          {props.children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** The field that is there to be typed into gets the focus, where a sheet names one. */
function focusFirst(event: Event): void {
  const first = (event.target as Element).querySelector<HTMLElement>('[data-first]');
  if (!first) return;
  event.preventDefault();
  first.focus();
}
