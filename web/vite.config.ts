import { defineConfig } from 'vite'

export default defineConfig({
  base: '/static/',
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    chunkSizeWarningLimit: 900,
    // The operator's page is its own: who opens a workspace loads none of it.
    rolldownOptions: { input: ['index.html', 'admin.html'] },
  },
})
