/* empty.c - the program that every ratio is measured against */
int
main(void)
{
	return 0;
}
