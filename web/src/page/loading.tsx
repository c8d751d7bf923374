/** What stands where a part of the page is still being loaded, or could not be. */

export function Opening({ name }: { name: string }) {
  return <p class="faint pad" aria-busy="true">Opening {name}…</p>
}

export function NotLoaded({ name }: { name: string }) {
  return (
    <p class="pad" role="alert" data-testid="not-loaded">
      The server did not send {name}. What you wrote is kept. <button class="small" onClick={() => location.reload()}>Reload the page</button>
    </p>
  )
}
