/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network on a kernel: this test's own namespace stands for the host, a second one is the pod. Needs root (it is
 * skipped without).
 */
#include "tests/unit/unit.h"

#include "runtime/net/link.h"
#include "runtime/net/net.h"
#include "runtime/net/table.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#define UID "0d6a1b1e-0000-4000-8000-000000000001"

static const struct net_options options = {
	.bridge = "berth0", .table = "berth", .cidr = "10.201.7.0/24"};

/* A namespace of its own, seen through a descriptor; the caller stays where it is. */
static int new_netns(void)
{
	cleanup_close int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	return fd;
}

static int socket_in(int netns_fd)
{
	cleanup_close int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_int_equal(setns(netns_fd, CLONE_NEWNET), 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	return fd;
}

static struct sockaddr_in address_at(uint32_t address, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(address)}};
}

/* Connects within @ms. 0 or -errno. */
static int reach(int fd, uint32_t from, uint32_t to, int ms)
{
	struct sockaddr_in here = address_at(from, 0), there = address_at(to, 8000);
	if (from && bind(fd, (struct sockaddr *)&here, sizeof here) < 0)
		return -errno;
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	if (connect(fd, (struct sockaddr *)&there, sizeof there) == 0)
		return 0;
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&p, 1, ms) == 0)
		return -ETIMEDOUT;
	int code = 0;
	socklen_t size = sizeof code;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size), 0);
	return -code;
}

static void listen_at(int fd, uint32_t address)
{
	struct sockaddr_in here = address_at(address, 8000);
	assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof here), 0);
	assert_int_equal(listen(fd, 8), 0);
}

static int into_own_host(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return 0;
	return unshare(CLONE_NEWNET) == 0
		       ? net_loopback_up(open("/proc/self/ns/net", O_RDONLY), NULL)
		       : -1;
}

static struct net *opened(void)
{
	struct net *net = NULL;
	struct err e = {0};
	if (geteuid() != 0)
		skip();
	if (net_open(&options, &net, &e) < 0)
		fail_msg("%s", err_text(&e));
	return net;
}

static void names_ports(void **state)
{
	char a[NET_NAME_SIZE], b[NET_NAME_SIZE], c[NET_NAME_SIZE];

	(void)state;
	net_port_name("berth0", "u1", a);
	net_port_name("berth0", "u2", b);
	net_port_name("bth-12345678", "u1", c);
	assert_int_equal(strlen(a), 15);
	assert_memory_equal(a, b, 6);
	assert_string_not_equal(a + 6, b + 6);
	assert_memory_not_equal(a, c, 6);
	assert_string_equal(a + 6, c + 6);
}

static void renders_one_transaction(void **state)
{
	cleanup_str struct str s = {0};

	(void)state;
	table_render(&(struct table_rules){"berth", "berth0", "bthabc", "10.88.0.0/16"}, &s);
	assert_non_null(strstr(s.p, "delete table inet berth\n"));
	assert_non_null(strstr(s.p, "iifname \"bthabc*\" fib saddr . iif oif 0 drop"));
	assert_non_null(strstr(s.p, "ip saddr 10.88.0.0/16 ip daddr != 10.88.0.0/16"));
}

static void connects_a_pod(void **state)
{
	CLEANUP(net_close) struct net *net = opened();
	cleanup_close int pod = new_netns(), other = new_netns();
	cleanup_close int server = socket_in(pod), here = socket(AF_INET, SOCK_STREAM, 0);
	cleanup_close int neighbour = socket_in(other);
	uint32_t a = 0, b = 0;
	struct err e = {0};

	(void)state;
	assert_int_equal(pool_alloc(net_pool(net), &a), 0);
	assert_int_equal(pool_alloc(net_pool(net), &b), 0);
	assert_int_equal(net_pod_up(net, pod, UID, a, &e), 0);
	assert_int_equal(net_pod_up(net, pod, UID, a, &e), 0);
	assert_int_equal(net_pod_up(net, other, "other", b, &e), 0);
	listen_at(server, a);
	assert_int_equal(reach(here, 0, a, 2000), 0);
	assert_int_equal(reach(neighbour, 0, a, 2000), 0);
	assert_int_equal(net_sweep(net, (const char *const[]){UID}, 1, &e), 1);
	net_pod_down(net, UID);
	net_pod_down(net, UID);
	assert_int_equal(net_pod_adopt(net, UID, &a), -ENOENT);
}

static void drops_foreign_sources(void **state)
{
	CLEANUP(net_close) struct net *net = opened();
	CLEANUP(link_socket_free) struct nl_sock *inside = NULL;
	cleanup_close int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	cleanup_close int pod = new_netns(), server = socket(AF_INET, SOCK_STREAM, 0);
	cleanup_close int honest = socket_in(pod), liar = socket_in(pod);
	uint32_t a = 0, gateway = pool_gateway(net_pool(net));

	(void)state;
	assert_int_equal(pool_alloc(net_pool(net), &a), 0);
	assert_int_equal(net_pod_up(net, pod, UID, a, NULL), 0);
	listen_at(server, gateway);
	assert_int_equal(link_socket_in(pod, home, &inside), 0);
	int index = link_index(inside, "eth0");
	assert_true(index > 0);
	assert_int_equal(link_add_address(inside, index, a + 1, 32), 0);
	assert_int_equal(reach(honest, a, gateway, 2000), 0);
	assert_int_equal(reach(liar, a + 1, gateway, 300), -ETIMEDOUT);
	net_pod_down(net, UID);
}

static void answers_for_dead_pods(void **state)
{
	CLEANUP(net_close) struct net *net = opened();
	cleanup_close int here = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(reach(here, 0, pool_network(net_pool(net)) + 9, 2000), -EHOSTUNREACH);
}

static void adopts_after_restart(void **state)
{
	CLEANUP(net_close) struct net *net = opened();
	CLEANUP(net_close) struct net *next = NULL;
	cleanup_close int pod = new_netns();
	uint32_t a = 0, b = 0;

	(void)state;
	assert_int_equal(pool_alloc(net_pool(net), &a), 0);
	assert_int_equal(net_pod_up(net, pod, UID, a, NULL), 0);
	next = opened();
	assert_int_equal(net_pod_adopt(next, UID, &b), 0);
	assert_int_equal(a, b);
	assert_int_equal(pool_take(net_pool(next), b), -EBUSY);
	net_pod_down(next, UID);
}

static void puts_the_table_back(void **state)
{
	CLEANUP(net_close) struct net *net = opened();

	(void)state;
	assert_int_equal(net_watch_step(net, NULL), 0);
	assert_int_equal(table_remove("other", NULL), 0);
	assert_int_equal(net_watch_step(net, NULL), 0);
	assert_int_equal(table_remove("berth", NULL), 0);
	struct pollfd p = {.fd = net_watch_fd(net), .events = POLLIN};
	assert_int_equal(poll(&p, 1, 1000), 1);
	assert_int_equal(net_watch_step(net, NULL), 1);
	assert_int_equal(net_watch_step(net, NULL), 0);
}

static void sees_collisions(void **state)
{
	CLEANUP(net_close) struct net *net = opened();
	CLEANUP(net_close) struct net *second = NULL;
	struct err e = {0};
	char cidr[NET_CIDR_SIZE];

	(void)state;
	assert_int_equal(
		net_open(&(struct net_options){"other0", "other", "10.201.0.0/16"}, &second, &e),
		-EADDRINUSE);
	assert_non_null(strstr(err_text(&e), "10.201.7.0/24"));
	assert_non_null(strstr(err_text(&e), "--pod-cidr=10.20"));
	for (unsigned i = 0; i < 100; i++) {
		char seed[16];
		(void)snprintf(seed, sizeof seed, "%u", i);
		assert_int_equal(net_free_cidr(seed, cidr, NULL), 0);
		assert_string_not_equal(cidr, "10.201.7.0/24");
	}
	assert_int_equal(net_remove_all(net, &e), 0);
}

static void refuses_names(void **state)
{
	static const char *const names[] = {"", "sixteen-bytes-it", "a/b", "a b", "A"};
	struct net *net = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_case(net_open(&(struct net_options){names[i], "t", "10.88.0.0/16"}, &net,
				    NULL) == -EINVAL,
			names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_ports),
		cmocka_unit_test(renders_one_transaction),
		cmocka_unit_test(refuses_names),
		cmocka_unit_test(connects_a_pod),
		cmocka_unit_test(drops_foreign_sources),
		cmocka_unit_test(answers_for_dead_pods),
		cmocka_unit_test(adopts_after_restart),
		cmocka_unit_test(puts_the_table_back),
		cmocka_unit_test(sees_collisions),
	};

	return cmocka_run_group_tests(tests, into_own_host, NULL);
}
