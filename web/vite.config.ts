import { defineConfig } from 'vite'
import { pack } from './pack.mjs'

export default defineConfig({
  // Files are named from where a page stands: the server may be under a prefix of which the build knows nothing.
  base: './',
  plugins: [pack()],
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    chunkSizeWarningLimit: 900,
    // The operator's page is its own: who opens a workspace loads none of it.
    rolldownOptions: { input: ['index.html', 'admin.html'] },
  },
})
