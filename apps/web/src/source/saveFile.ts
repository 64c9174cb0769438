/** Gives a file to the reader's disk, as the browser saves what is downloaded. */
export function saveFile(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken the address by the time that this turn is over.
  setTimeout(() => URL.revokeObjectURL(address));
}
