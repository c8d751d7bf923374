/** A file on its way into one value of a data document: the value is as it was until the file is there. No DOM. */
import type { Uploaded, UploadOptions } from '../client/upload'

export class ValueUpload {
  /** How much has gone, in percent; null while nothing is on its way. */
  percent: number | null = null
  /** What went wrong, and what to do; empty while nothing has. */
  said = ''
  private file: File | null = null
  private under: AbortController | null = null

  /** `changed` is called after every change. */
  constructor(private readonly send: (file: File, options: UploadOptions) => Promise<Uploaded>, private readonly changed: () => void) {}

  get canTryAgain(): boolean {
    return this.said !== '' && this.file !== null
  }

  /** Bring a file in, then `set` the value to what names it; one that was under way is given up. */
  async bring(file: File, set: (reference: string) => void): Promise<void> {
    this.under?.abort()
    const under = new AbortController()
    this.under = under
    this.file = file
    this.told(0, '')
    try {
      const onProgress = (sent: number) => this.under === under && this.told(Math.min(100, Math.floor((100 * sent) / Math.max(1, file.size))), '')
      const { reference } = await this.send(file, { name: file.name, signal: under.signal, onProgress })
      if (this.under !== under) return
      this.cancel()
      set(reference)
    } catch (error) {
      if (this.under !== under) return
      const { message = '', remedy = '' } = error as { message?: string; remedy?: string }
      this.told(null, `${file.name} is not here. ${message} ${remedy}`.trim())
    }
  }

  again(set: (reference: string) => void): void {
    if (this.file) void this.bring(this.file, set)
  }

  /** Nothing is left of it. */
  cancel(): void {
    const { under } = this
    this.under = this.file = null
    under?.abort()
    this.told(null, '')
  }

  private told(percent: number | null, said: string): void {
    this.percent = percent
    this.said = said
    this.changed()
  }
}
