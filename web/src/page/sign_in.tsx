/** The way to say who one is by an account elsewhere, where the server offers one; and what went wrong on the way back. */
import { useEffect, useState } from 'preact/hooks'
import { base } from './base'
import { call, signInProblem, ws } from './session'
import { signInWords } from './sign_in_words'

/** What leads to the issuer, where there is one. */
export function SignIn({ words }: { words: (name: string) => string }) {
  const [name, setName] = useState<string | null>(null)
  useEffect(() => {
    call<{ oidc: string | null }>('GET', '/api/sign-in/ways').then((ways) => setName(ways.oidc), () => setName(null))
  }, [])
  const problem = signInWords(signInProblem)
  return (
    <>
      {problem && <p role="alert" class="refused">{problem}</p>}
      {name ? <a class="button" data-testid="sign-in" href={`${base}/api/sign-in?ws=${ws}`}>{words(name)}</a> : null}
    </>
  )
}
