/** Light or dark: as the system has it until somebody chooses here. */
import { useEffect, useState } from 'preact/hooks'
import { keep, ofBrowser } from './stores'

export function Theme() {
  const [theme, setTheme] = useState(ofBrowser.getItem('folkmoot:theme') ?? '')
  useEffect(() => {
    document.documentElement.dataset.theme = theme
    keep(ofBrowser, 'folkmoot:theme', theme)
  }, [theme])
  const dark = theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  return (
    <button class="ghost" aria-label={dark ? 'Light colours' : 'Dark colours'} title="Light or dark" onClick={() => setTheme(dark ? 'light' : 'dark')}>
      {dark ? '☀' : '☾'}
    </button>
  )
}
