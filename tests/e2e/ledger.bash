# The ledger: everything on this host that a pod could leave behind, one line each, sorted, without numbers that
# change by themselves. Two ledgers, one before and one after, must be equal (safety.md, oracle a).
#
#   ledger >before; …; ledger_equal before     waits up to 3 s for PID 1 to reap, then prints what differs
#
# LEDGER_ONLY is a regular expression: differences that do not fit it are not counted. For a machine on which somebody
# else's pods come and go at the same time; a clean machine does not need it.

ledger_processes() {
	local pid exe
	for pid in /proc/[0-9]*; do
		exe=$(readlink "$pid/exe" 2>/dev/null) || continue
		case ${exe##*/} in
		berthd | berth | berth-shim | berth-runner | berth-probe | berth-unpack | runc | skopeo | nginx | uwsgi-core | busybox | celery)
			echo "process ${pid##*/} $exe" ;;
		esac
	done
}

# Without the groups of a machine's own process launcher, which come and go with its commands.
ledger_cgroups() {
	local hierarchy
	for hierarchy in $(awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/mounts); do
		find "$hierarchy" -mindepth 1 -name process_api -prune -o -type d -printf "cgroup $hierarchy/%P\n" 2>/dev/null
	done
}

ledger_namespaces() {
	local ns
	for ns in /proc/[0-9]*/ns/net; do readlink "$ns" 2>/dev/null; done | sort -u | sed 's/^/netns /'
}

ledger() {
	(
		set +e # a process that ends meanwhile, a directory that is not there: the next line counts all the same
		ledger_processes
		ledger_cgroups
		ledger_namespaces
		awk '{ print "mount", $5, $9, $10 }' /proc/self/mountinfo
		ip -o link show | sed -E 's/^[0-9]+: ([^:@]*).*/link \1/'
		ip -4 -o address show | awk '{ print "address", $2, $4 }'
		nft list tables 2>/dev/null | sed 's/^table/nft/'
		find /run/netns /run/runc /run/berth /dev/shm /var/lib/berth /var/log/pods -mindepth 1 -maxdepth 1 -printf 'file %p\n' 2>/dev/null
		losetup -n -O NAME,BACK-FILE 2>/dev/null | sed 's/^/loop /'
	) | LC_ALL=C sort
}

ledger_equal() { # FILE
	local deadline=$((SECONDS + 3)) now
	while :; do
		now=$(diff "$1" <(ledger) | grep '^[<>]' | grep -E "${LEDGER_ONLY:-.}") || return 0
		[ "$SECONDS" -lt "$deadline" ] || break
		sleep 0.2
	done
	echo "left behind (>) or missing (<):"
	head -n 40 <<<"$now"
	return 1
}
