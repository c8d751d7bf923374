import { afterEach, expect, it, vi } from 'vitest'
import { saveInBrowser } from './save'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('has the browser save a file under its name, and lets go of it afterwards', () => {
  vi.useFakeTimers()
  const link = { href: '', download: '', click: vi.fn() }
  vi.stubGlobal('document', { createElement: () => link })
  const revoked = vi.spyOn(URL, 'revokeObjectURL')
  saveInBrowser(new File(['abc'], 'plan.pdf'))
  expect(link.download).toBe('plan.pdf')
  expect(link.href).toMatch(/^blob:/)
  expect(link.click).toHaveBeenCalledOnce()
  expect(revoked).not.toHaveBeenCalled()
  vi.advanceTimersByTime(60_000)
  expect(revoked).toHaveBeenCalledWith(link.href)
})
