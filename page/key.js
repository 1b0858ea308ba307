// SPDX-License-Identifier: GPL-2.0-or-later
// The key comes behind the # of the address, which browsers send to nobody; from then on this tab has it.

// @after: what stands behind the # from now on. Null: there is no key.
export function takeKey(after) {
	const found = location.hash.match(/^#key=([0-9a-f]+)$/);
	if (found) {
		sessionStorage.setItem("key", found[1]);
		history.replaceState(null, "", after);
	}
	return sessionStorage.getItem("key");
}
