/**
 * Scripts that complete the tasks of this project in a shell: lines that begin with `deno task` and one of them, in a
 * folder of this project. Every other line is left to the completion of deno that is installed.
 */

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = typeof SHELLS[number];

/** Asks for candidates, with permission to read only. */
const ASK = "deno run --quiet --no-prompt --allow-read --allow-env --allow-sys";

/** Files beside the nearest deno.json that identify a folder of this project. */
const MARKS = ["cli/main.ts", "cli/completion/completion.ts"];

/** In bash and zsh: prints the folder of the project that the shell is in. */
const ROOT = `_ckd_root() {
  local folder=$PWD
  while [[ -n $folder ]]; do
    if [[ -f $folder/deno.json || -f $folder/deno.jsonc ]]; then
      ${MARKS.map((mark) => `[[ -f $folder/${mark} ]]`).join(" && ")} &&
        printf '%s\\n' "$folder"
      return
    fi
    folder=\${folder%/*}
  done
}
`;

const SCRIPTS: Readonly<Record<Shell, (tasks: readonly string[]) => string>> = {
  bash: (tasks) =>
    `# Completes "deno task ${tasks.join("|")}" in bash.
# Where deno's own completion is wanted too, that has to be read before this.

${ROOT}
# Bash would split words at ":" and "=", which nodes and options have: the line itself is split here.
_ckd_deno() {
  local line=\${COMP_LINE:0:COMP_POINT} root i
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  if [[ \${words[1]-} == task ]]; then
    for ((i = 2; i < \${#words[@]} - 1; i++)); do
      case \${words[i]} in
        -*) ;;
        ${tasks.join("|")})
          root=$(_ckd_root)
          [[ -n $root ]] && _ckd_words "$root" "\${words[@]:i}" && return
          break
          ;;
        *) break ;;
      esac
    done
  fi
  [[ -n \${_ckd_other-} ]] && "$_ckd_other" "$@"
}

_ckd_words() {
  local root=$1 current=\${!#} kind value breaks="" cut=""
  shift
  COMPREPLY=()
  {
    read -r kind
    while IFS=$'\\t' read -r value _; do COMPREPLY+=("$value"); done
  } < <(${ASK} "$root/cli/main.ts" complete "$@" 2> /dev/null)
  if [[ $kind == files ]]; then
    while read -r value; do COMPREPLY+=("$value"); done \\
      < <(compgen -f -- "\${current#--*=}")
    compopt -o filenames 2> /dev/null
  else
    compopt +o default +o bashdefault 2> /dev/null
  fi
  # What bash replaces begins behind the last of these.
  [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
  [[ $COMP_WORDBREAKS == *=* ]] && breaks+==
  [[ -n $breaks ]] && cut=\${current%"\${current##*[$breaks]}"}
  COMPREPLY=("\${COMPREPLY[@]#"$cut"}")
}

if [[ $(complete -p deno 2> /dev/null) =~ \\ -F\\ ([^\\ ]+) ]] &&
  [[ \${BASH_REMATCH[1]} != _ckd_deno ]]; then
  _ckd_other=\${BASH_REMATCH[1]}
fi
complete -o default -o bashdefault -F _ckd_deno deno
`,

  zsh: (tasks) =>
    `# Completes "deno task ${tasks.join("|")}" in zsh.
# Where deno's own completion is wanted too, that has to be read before this.

${ROOT}
_ckd_deno() {
  local root i
  if [[ $words[2] == task ]]; then
    for (( i = 3; i < CURRENT; i++ )); do
      case $words[i] in
        (-*) ;;
        (${tasks.join("|")})
          root=$(_ckd_root)
          if [[ -n $root ]]; then
            _ckd_words "$root" "\${(@Q)words[i,CURRENT]}"
            return
          fi
          break
          ;;
        (*) break ;;
      esac
    done
  fi
  if [[ -n $_ckd_other ]]; then
    $_ckd_other "$@"
  else
    _default
  fi
}

_ckd_words() {
  local root=$1 kind line
  local -a lines values shown
  shift
  lines=("\${(@f)$(${ASK} "$root/cli/main.ts" complete "$@" 2> /dev/null)}")
  kind=$lines[1]
  for line in "\${(@)lines[2,-1]}"; do
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  }")
  done
  (( $#values )) && compadd -l -d shown -a values
  if [[ $kind == files ]]; then
    compset -P '--*='
    _files
  fi
}

(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
[[ \${_comps[deno]-} != _ckd_deno ]] && _ckd_other=\${_comps[deno]-}
compdef _ckd_deno deno
`,

  fish: (tasks) =>
    `# Completes "deno task ${
      tasks.join("|")
    }" in fish, beside deno's own completion.

function __ckd_root
    set -l folder $PWD
    while test -n "$folder"
        if test -f "$folder/deno.json" -o -f "$folder/deno.jsonc"
            ${
      MARKS.map((mark) => `test -f "$folder/${mark}"`).join("; and ")
    }; and echo $folder
            return
        end
        set folder (string replace --regex '/[^/]*$' '' -- $folder)
    end
end

# The words from the task on, up to the one that is being written.
function __ckd_line
    set -l words (commandline -opc)
    test (count $words) -ge 3 -a "$words[2]" = task; or return 1
    for i in (seq 3 (count $words))
        switch $words[$i]
            case '-*'
                continue
            case ${tasks.join(" ")}
                set -l current (commandline -ct)
                string join \\n -- $words[$i..-1] "$current"
                return 0
        end
        return 1
    end
    return 1
end

function __ckd_applies
    __ckd_line > /dev/null; and test -n "$(__ckd_root)"
end

function __ckd_words
    set -l found (${ASK} (__ckd_root)/cli/main.ts complete (__ckd_line) 2> /dev/null)
    string join \\n -- $found[2..-1]
    test "$found[1]" = files; and __fish_complete_path (commandline -ct)
end

complete -c deno -n __ckd_applies -f -a '(__ckd_words)'
`,
};

/** The script of a shell for tasks of deno.json. */
export function completionScript(
  shell: Shell,
  tasks: readonly string[],
): string {
  return SCRIPTS[shell](tasks);
}
