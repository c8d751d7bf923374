/** How the units are tried: the hooks of the package with preact, which has React's. */
import { defineConfig } from 'vitest/config'

export default defineConfig({ resolve: { alias: { react: 'preact/compat' } } })
