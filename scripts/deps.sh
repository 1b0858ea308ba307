#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Install the Debian packages that groups of make targets need.
set -euo pipefail

declare -A packages=(
	[build]='gcc libc6-dev make pkg-config clang llvm bpftool linux-libc-dev protobuf-c-compiler
		 libbpf-dev libcap-ng-dev libcurl4-gnutls-dev libelf-dev libiberty-dev libjansson-dev libmicrohttpd-dev
		 libpcp-pmda3-dev libpcp3-dev libprotobuf-c-dev libsnappy-dev libsqlite3-dev libyaml-dev zlib1g-dev'
	# The kernel's header trees name gcc-12 and run objtool and pahole.
	[kmod]='gcc-12 make binutils xz-utils libelf1 libssl3 zlib1g pahole kmod'
	[vm]='qemu-system-x86 qemu-system-common busybox-static cpio kmod xz-utils util-linux uidmap'
	# What builds a kernel, for make check-debug.
	[debug]='gcc make binutils bc bison flex libelf-dev libssl-dev pahole kmod cpio xz-utils perl'
	[test]='libcmocka-dev podman crun redis-server redis-tools curl python3 iproute2 procps bash-completion zsh
		strace binutils groff-base liburing-dev bpftrace libbpf-tools chromium chromium-driver python3-selenium
		prometheus systemd'
	# The VM test installs dkms, in the guest, which needs the others.
	[package]='debhelper dh-dkms dpkg-dev fakeroot lsb-release patch'
	# What make exec-tools runs under kview exec; make check runs a few of them.
	[tools]='bpftrace bpfcc-tools libbpf-tools linux-perf clang golang-go golang-github-cilium-ebpf-dev'
	# Servers and their clients, for make check-monitor and bench-monitor.
	[monitor]='bpftrace curl dnsmasq-base iproute2 iptables nftables nginx-light nodejs openjdk-17-jdk-headless python3
		libpcp-archive1 libpcp-web1 postgresql python3-pcp redis-server redis-tools ruby wrk'
	# For make check-monitor where there is none: builds of Node.js that bring it conflict with Debian's.
	[npm]='npm'
	# Servers, their clients and an interpreter, for make check-guard.
	[guard]='binutils cron curl nginx-light openssh-client openssh-server perl python3 redis-server redis-tools wrk'
	[demo]='redis-server redis-tools python3'
	[bench]='redis-server redis-tools memcached libmemcached-tools bpftrace libbpf-tools linux-perf'
	# A processor whose TLB is modelled, for vm/bochs.
	[bochs]='bochs bochs-term bochsbios vgabios isolinux syslinux-common xorriso busybox-static cpio xz-utils'
	[fuzz]='clang llvm libclang-rt-14-dev'
	[lint]='shellcheck codespell git'
)

usage()
{
	cat <<EOF
usage: scripts/deps.sh [--check] GROUP...

Install what is missing of these groups of packages with apt-get, asking for
sudo when not root.  When nothing is missing, nothing happens.  --check only
prints what is missing, with exit status 1.

EOF
	for group in $(group_names); do
		echo "  $group: ${packages[$group]}" | tr -s '\n\t ' ' '
		echo
	done
}

group_names()
{
	printf '%s\n' "${!packages[@]}" | sort
}

die()
{
	echo "scripts/deps.sh: $*" >&2
	exit 2
}

# Print the packages of these groups that are not installed.
missing_packages()
{
	local group wanted=''

	for group; do
		wanted+=" ${packages[$group]}"
	done
	# shellcheck disable=SC2086
	comm -23 <(printf '%s\n' $wanted | sort -u) \
		 <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null |
		   sed -n 's/^installed //p' | sort -u)
}

# A host gets no new daemon running because tests want its program.
forbid_starting_services()
{
	policy=/usr/sbin/policy-rc.d
	if [ -e "$policy" ]; then
		policy=''
		return
	fi
	trap '[ -z "$policy" ] || rm -f "$policy"' EXIT
	trap 'exit 1' INT TERM HUP
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

install_packages()
{
	local options=(-qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600)

	export DEBIAN_FRONTEND=noninteractive
	forbid_starting_services
	if ! apt-get "${options[@]}" install "$@"; then
		echo "scripts/deps.sh: updating the package lists" >&2
		apt-get -qq update || die "apt-get update failed"
		apt-get "${options[@]}" install "$@" || die "cannot install: $*"
	fi
	disable_services "$@"
}

# Nor from the next boot on.
disable_services()
{
	local -A units=(
		[cron]=cron.service
		[openssh-server]='ssh.service ssh.socket'
		[redis-server]=redis-server.service
		[memcached]=memcached.service
		[nginx-light]=nginx.service
		[postgresql]=postgresql.service
		[prometheus]=prometheus.service
		[podman]='podman.service podman.socket podman-restart.service podman-auto-update.service podman-auto-update.timer'
	)
	local name

	command -v systemctl >/dev/null || return 0
	for name in "${!units[@]}"; do
		# shellcheck disable=SC2086
		case " $* " in
		*" $name "*) systemctl --quiet disable ${units[$name]} >/dev/null 2>&1 || true ;;
		esac
	done
}

main()
{
	local check=false group missing

	case ${1-} in
	-h | --help)
		usage
		exit 0
		;;
	--check)
		check=true
		shift
		;;
	esac
	[ $# -gt 0 ] || die "which groups? ($(group_names | xargs))"
	for group; do
		[ -n "${packages[$group]-}" ] || die "no group '$group' ($(group_names | xargs))"
	done
	command -v dpkg-query >/dev/null || die "no Debian here; see --help for what to install"
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || exit 0
	if $check; then
		printf '%s\n' "${missing[@]}"
		exit 1
	fi
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || die "install as root: apt-get install ${missing[*]}"
		echo "scripts/deps.sh: sudo to install ${missing[*]}" >&2
		exec sudo -- "${BASH_SOURCE[0]}" "$@"
	fi
	echo "scripts/deps.sh: installing ${missing[*]}" >&2
	install_packages "${missing[@]}"
}

main "$@"
