/** A file that the browser is to save. */

/** Have the browser save a file as if somebody had clicked a link to it. */
export function saveInBrowser(file: File): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = file.name
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
