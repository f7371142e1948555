# Completion of berth for bash; made by `berth completion bash`.

_berth_values() {
	case $1 in
		--dry-run) echo "none client server" ;;
		--validate) echo "strict warn ignore true false" ;;
		--output) echo "table wide yaml json name jsonpath= jsonpath-file= custom-columns=" ;;
		--cascade) echo "background foreground orphan true false" ;;
		--for) echo "delete create condition= jsonpath=" ;;
		--type) echo "strategic merge json" ;;
		--subresource) echo "status scale" ;;
	esac
}

_berth_command() {
	case $1 in
		"apply")
			flags=" --filename= --recursive --dry-run --validate --output= --show-managed-fields --server-side"
			words='file'
			subs=""
			;;
		"create")
			flags=" --filename= --recursive --dry-run --validate --output= --show-managed-fields"
			words='command'
			subs="secret configmap namespace"
			;;
		"create secret")
			flags=""
			words='command'
			subs="generic tls docker-registry"
			;;
		"create secret generic")
			flags=" --from-literal= --from-file= --from-env-file= --type= --dry-run --output= --show-managed-fields --validate"
			words='none'
			subs=""
			;;
		"create secret tls")
			flags=" --cert= --key= --dry-run --output= --show-managed-fields --validate"
			words='none'
			subs=""
			;;
		"create secret docker-registry")
			flags=" --docker-server= --docker-username= --docker-password= --docker-email= --from-file= --dry-run --output= --show-managed-fields --validate"
			words='none'
			subs=""
			;;
		"create configmap"|"create cm")
			flags=" --from-literal= --from-file= --from-env-file= --dry-run --output= --show-managed-fields --validate"
			words='none'
			subs=""
			;;
		"create namespace"|"create ns")
			flags=" --dry-run --output= --show-managed-fields --validate"
			words='none'
			subs=""
			;;
		"get")
			flags=" --watch --watch-only --output-watch-events --label-columns= --show-labels --show-kind --sort-by= --ignore-not-found --raw= --output= --no-headers --show-managed-fields --selector= --field-selector= --all-namespaces --filename= --recursive"
			words='resource'
			subs=""
			;;
		"describe")
			flags=" --selector= --all-namespaces --filename= --recursive"
			words='resource'
			subs=""
			;;
		"delete")
			flags=" --grace-period= --now --force --cascade --wait --timeout= --ignore-not-found --output= --selector= --field-selector= --all --all-namespaces --filename= --recursive --dry-run"
			words='resource'
			subs=""
			;;
		"scale")
			flags=" --replicas= --current-replicas= --selector= --all --filename= --recursive --dry-run --output= --show-managed-fields"
			words='resource'
			subs=""
			;;
		"retry")
			flags=" --container="
			words='pod'
			subs=""
			;;
		"why")
			flags=" --container= --all --output="
			words='pod'
			subs=""
			;;
		"logs"|"log")
			flags=" --follow --previous --run= --container= --all-containers --tail= --since= --since-time= --timestamps --limit-bytes= --prefix --max-log-requests= --ignore-errors --selector="
			words='pod'
			subs=""
			;;
		"exec")
			flags=" --stdin --tty --container= --quiet --detach-keys="
			words='pod'
			subs=""
			;;
		"attach")
			flags=" --stdin --tty --container= --quiet --detach-keys="
			words='pod'
			subs=""
			;;
		"cp")
			flags=" --container= --no-preserve"
			words='file'
			subs=""
			;;
		"port-forward")
			flags=" --address="
			words='pod'
			subs=""
			;;
		"events")
			flags=" --for= --types= --watch --output= --no-headers --show-managed-fields --all-namespaces"
			words='none'
			subs=""
			;;
		"wait")
			flags=" --for= --timeout= --selector= --field-selector= --all --all-namespaces --filename= --recursive"
			words='resource'
			subs=""
			;;
		"explain")
			flags=" --recursive"
			words='kind'
			subs=""
			;;
		"label")
			flags=" --overwrite --list --selector= --all --filename= --recursive --dry-run --output= --show-managed-fields"
			words='resource'
			subs=""
			;;
		"annotate")
			flags=" --overwrite --list --selector= --all --filename= --recursive --dry-run --output= --show-managed-fields"
			words='resource'
			subs=""
			;;
		"patch")
			flags=" --patch= --patch-file= --type= --subresource= --filename= --recursive --dry-run --output= --show-managed-fields"
			words='resource'
			subs=""
			;;
		"edit")
			flags=" --output= --show-managed-fields"
			words='resource'
			subs=""
			;;
		"replace")
			flags=" --filename= --recursive --force --grace-period= --dry-run --validate --output= --show-managed-fields"
			words='file'
			subs=""
			;;
		"image"|"images")
			flags=""
			words='command'
			subs="load ls pull rm"
			;;
		"image load")
			flags=" --quiet"
			words='file'
			subs=""
			;;
		"image ls"|"image list")
			flags=" --output= --no-headers"
			words='image'
			subs=""
			;;
		"image pull")
			flags=" --quiet"
			words='none'
			subs=""
			;;
		"image rm"|"image remove"|"image delete")
			flags=""
			words='image'
			subs=""
			;;
		"check")
			flags=" --output="
			words='none'
			subs=""
			;;
		"version")
			flags=" --client --output="
			words='none'
			subs=""
			;;
		"api-resources")
			flags=" --output= --namespaced --no-headers"
			words='none'
			subs=""
			;;
		"completion")
			flags=""
			words='shell'
			subs=""
			;;
		"help")
			flags=""
			words='command'
			subs=""
			;;
		*) return 1 ;;
	esac
}

_berth_names() {
	berth get "$1" -o name 2>/dev/null | sed 's|.*/||'
}

# Adds what compgen finds. Words are read line by line, so that bash and zsh do the same.
_berth_reply() {
	local line
	while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$@")
}

# No variable is called path: zsh ties that one to PATH.
_berth() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local chain='' word='' flags='' words=none subs='' n=0 first='' i
	local globals=" --namespace= --root= --socket= --request-timeout= --help"
	local commands="apply create get describe delete scale retry why logs exec attach cp port-forward events wait explain label annotate patch edit replace image check version api-resources completion help"
	local kinds="pods replicationcontrollers secrets configmaps events namespaces nodes all"

	# The words before the cursor: commands first, then what they are about.
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in -* | =) continue ;; esac
		if [ -z "$first" ] && _berth_command "${chain:+$chain }$word"; then
			chain="${chain:+$chain }$word"
		elif [ -n "$chain" ]; then
			n=$((n + 1))
			first=${first:-$word}
		fi
	done
	flags='' words=none subs=''
	[ -n "$chain" ] && _berth_command "$chain"
	[ "$cur" = = ] && cur=''
	[ "$prev" = = ] && prev=${COMP_WORDS[COMP_CWORD - 2]}
	COMPREPLY=()
	case $prev in
	-o) prev=--output ;;
	-n | --namespace)
		_berth_reply -W "$(_berth_names namespaces)" -- "$cur"
		return
		;;
	-f | --filename | --cert | --key | --from-file | --from-env-file | --patch-file)
		if [ "$words" != pod ]; then
			_berth_reply -f -- "$cur"
			return
		fi
		;;
	esac
	word=$(_berth_values "$prev")
	if [ -n "$word" ]; then
		_berth_reply -W "$word" -- "$cur"
		return
	fi
	case $cur in
	-*)
		_berth_reply -W "$flags $globals" -- "$cur"
		case ${COMPREPLY[0]} in *=) type compopt >/dev/null 2>&1 && compopt -o nospace ;; esac
		return
		;;
	esac
	[ -z "$chain" ] && subs=$commands
	case $words in
	resource) if [ "$n" = 0 ]; then subs=$kinds; else subs=$(_berth_names "$first"); fi ;;
	kind) subs=$kinds ;;
	pod) subs=$(_berth_names pods) ;;
	image) subs=$(berth image ls --no-headers 2>/dev/null | cut -d' ' -f1) ;;
	shell) subs='bash zsh' ;;
	command) [ "$chain" = help ] && subs=$commands ;;
	file)
		_berth_reply -f -- "$cur"
		return
		;;
	esac
	_berth_reply -W "$subs" -- "$cur"
}

complete -F _berth berth
