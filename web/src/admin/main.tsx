/** Where the operator's page begins. */
import { render } from 'preact'
import { AdminPage } from './admin_page'
import { readOperatorKey } from './operator_key'
import '../style.css'
import './admin.css'

const found = readOperatorKey(location.hash, sessionStorage)
// Out of the address at once: it would be read over a shoulder, or sent on with the address.
if (found.isFresh) history.replaceState(null, '', location.pathname)

render(<AdminPage first={found.token} />, document.getElementById('app')!)
