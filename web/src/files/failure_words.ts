/** What is said where a file does not show. No DOM. */

/** Why a file does not show, and what to do. */
export function failureWords(error: unknown, what: 'picture' | 'file'): string {
  const { message, remedy } = error as { message?: string; remedy?: string }
  return `This ${what} cannot be shown. ${message ?? ''} ${remedy ?? ''}`.trim()
}
