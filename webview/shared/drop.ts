/** A checkpoint that is dragged from VS Code's explorer onto the page. VS Code lets it through to a page while Shift is held. */

/** What VS Code puts beside a dragged file: one address a line, or a JSON list of them; lower case, as browsers have it. */
const ADDRESSES = ['application/vnd.code.uri-list', 'text/uri-list', 'resourceurls'] as const;

/** `dropped` gets the address of the first file. */
export function listenForDrops(page: Document, dropped: (uri: string) => void): void {
  const holdsFiles = (event: DragEvent): boolean =>
    ADDRESSES.some((type) => event.dataTransfer?.types.includes(type) === true);
  page.addEventListener('dragover', (event) => {
    if (!holdsFiles(event)) return;
    // taken: without this there is no drop
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
  });
  page.addEventListener('drop', (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const uri = firstAddress(event.dataTransfer);
    if (uri !== null) dropped(uri);
  });
}

/** Null if there is none. */
export function firstAddress(data: Pick<DataTransfer, 'getData'> | null): string | null {
  for (const type of ADDRESSES) {
    const text = data?.getData(type) ?? '';
    const first = text.startsWith('[')
      ? listed(text)
      : text.split(/\r?\n/).find((line) => line && !line.startsWith('#'));
    if (first) return first;
  }
  return null;
}

function listed(text: string): string | null {
  try {
    const [first] = JSON.parse(text) as unknown[];
    return typeof first === 'string' ? first : null;
  } catch {
    return null;
  }
}
