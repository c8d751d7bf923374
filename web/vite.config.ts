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
    // What a page has later is named by `pack`; every browser this is built for knows such links.
    modulePreload: { polyfill: false, resolveDependencies: (_name, needed, { hostType }) => (hostType === 'html' ? needed : []) },
    // The operator's page is its own: who opens a workspace loads none of it.
    rolldownOptions: {
      input: ['index.html', 'admin.html'],
      // lib0 makes schemas that nothing of ours asks for, by calls that do nothing else.
      treeshake: { manualPureFunctions: ['$', '$custom', '$constructedBy', '$instanceOf', '$literal', '$union', 'match'] },
    },
  },
})
