/** Where the page begins. */
import { render } from 'preact'
import { App } from './page/app'
import { base } from './page/base'
import './style.css'

render(<App />, document.getElementById('app')!)

// So that the page opens without the server, too. Browsers give it to secure pages only (https, localhost).
if ('serviceWorker' in navigator) void navigator.serviceWorker.register(`${base}/service-worker.js`).catch(() => undefined)
